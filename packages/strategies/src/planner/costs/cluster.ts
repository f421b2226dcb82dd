import { allGather, cheapest, reduceScatter, ringAllReduce, secondsOf } from './collectives.js'
import type { Link } from './link.js'

/** Threads of one process over memory that they share: a collective is about latency + n · secondsPerByte, for any number. */
export interface SharedMemory {
  readonly latency: number
  /** Of an all-reduce: each rank copies n bytes in, reduces its share of all ranks' and copies n bytes out. */
  readonly secondsPerByte: number
  /** Of a broadcast, gather or scatter of n bytes. */
  readonly secondsPerMovedByte: number
}

/** Hosts on a network, each with one process and ranks that are threads in it. */
export interface Cluster {
  readonly hosts: number
  readonly ranksPerHost: number
  readonly network: Link
  readonly within: SharedMemory
}

/** Seconds of a collective over all ranks of a cluster, as `@levin/distributed` does it: within, between hosts, within. */
export interface ClusterCosts {
  /** Reduced within each host, then between hosts, then spread within. */
  allReduce(bytes: number): number
  /** The whole is reduced within each host, parts are between hosts, and handed out within. */
  reduceScatter(bytes: number): number
  /** Parts are gathered within each host, then between hosts, and the whole is spread within. */
  allGather(bytes: number): number
}

export function clusterCosts({ hosts, ranksPerHost, network, within }: Cluster): ClusterCosts {
  const inside = (bytes: number, secondsPerByte: number): number =>
    ranksPerHost === 1 ? 0 : within.latency + bytes * secondsPerByte
  const reduced = (bytes: number): number => inside(bytes, within.secondsPerByte)
  const moved = (bytes: number): number => inside(bytes, within.secondsPerMovedByte)
  const between = (seconds: () => number): number => (hosts === 1 ? 0 : seconds())
  // One host needs no second turn: all ranks have the result of the first.
  const spread = (bytes: number): number => (hosts === 1 ? 0 : moved(bytes))
  const part = (bytes: number): number => bytes / hosts
  return {
    allReduce: (n) => reduced(n) + between(() => cheapest(hosts, n, network).seconds) + spread(n),
    reduceScatter: (n) =>
      reduced(n) + between(() => secondsOf(reduceScatter(hosts, n), network)) + (hosts === 1 ? 0 : moved(part(n))),
    allGather: (n) =>
      moved(hosts === 1 ? n : part(n)) + between(() => secondsOf(allGather(hosts, n), network)) + spread(n),
  }
}

/**
 * A ring without levels, every rank a process. Between hosts go as many bytes as with levels, in as many rounds as there are
 * ranks; a ring is as fast as its slowest link, which is the network.
 */
export const flatRing = ({ hosts, ranksPerHost, network }: Cluster, bytes: number): number =>
  secondsOf(ringAllReduce(hosts * ranksPerHost, bytes), network)
