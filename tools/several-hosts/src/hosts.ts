import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostJob } from './host-job.js'
import { createNetwork, limitBandwidth, type Network, processesOf, removeNetwork, SUBNET, setLink } from './network.js'

export interface HostsOptions {
  readonly count: number
  /** What each host may send, in the words of tc: `1gbit`, `100mbit`. Default: no limit, some 10 Gbit/s. */
  readonly bandwidth?: string
}

export interface JobOptions {
  /** Default 1. */
  readonly ranksPerHost?: number
  /** Hosts that take part, by their numbers from 0. Default: all. */
  readonly on?: readonly number[]
  readonly cwd: string
  /** Variables of the ranks. */
  readonly environment?: Readonly<Record<string, string>>
  /** More flags of mpirun. */
  readonly flags?: readonly string[]
}

/**
 * Several hosts on one machine: network namespaces on a switch, each with an address and a hostname of its own. They share files
 * and processors. Whatever happens to the process that made them, they are taken away: when it ends, or by the next that makes
 * some.
 *
 * @example
 * const hosts = new Hosts({ count: 3, bandwidth: '1gbit' })
 * const { exitCode, output } = await hosts.mpirun(['node', 'train.js'], { cwd }).ended
 * hosts.remove()
 */
export class Hosts {
  readonly #network: Network
  readonly #folder: string
  readonly #onExit = () => this.remove()

  constructor({ count, bandwidth }: HostsOptions) {
    this.#network = createNetwork(count)
    this.#folder = mkdtempSync(join(tmpdir(), 'levin-hosts-'))
    process.once('exit', this.#onExit)
    if (bandwidth !== undefined) for (const host of this.#network.hosts) limitBandwidth(host, bandwidth)
  }

  /** Addresses by host. */
  get addresses(): readonly string[] {
    return this.#network.addresses
  }

  /** Hostnames, as the processes see them. */
  get names(): readonly string[] {
    return this.#network.hosts.map((_, index) => `host${index + 1}`)
  }

  /** Starts a program on all hosts, by Open MPI's mpirun on the first of them. */
  mpirun(program: readonly string[], options: JobOptions): HostJob {
    return new HostJob(this.mpirunCommand(program, options), options.cwd)
  }

  /** The command that does so, for who starts it. */
  mpirunCommand(program: readonly string[], options: Omit<JobOptions, 'cwd'> = {}): string[] {
    const { ranksPerHost = 1, on = this.#network.hosts.keys(), environment = {}, flags = [] } = options
    const hosts = [...on]
    const hostfile = join(this.#folder, 'hosts')
    writeFileSync(hostfile, hosts.map((host) => `${this.addresses[host]} slots=${ranksPerHost}\n`).join(''))
    const exported = Object.entries(environment).flatMap(([name, value]) => ['-x', `${name}=${value}`])
    const mpirun = [
      'mpirun.openmpi',
      ...['-np', `${hosts.length * ranksPerHost}`, '--hostfile', hostfile, '--map-by', 'slot', '--bind-to', 'none'],
      ...MPI_OVER_NETWORK,
      ...['--mca', 'plm_rsh_agent', this.#agent()],
      ...exported,
      ...flags,
      ...program,
    ]
    const root = ['env', 'OMPI_ALLOW_RUN_AS_ROOT=1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1']
    return [...this.#inside(hosts[0] ?? 0), ...root, ...mpirun]
  }

  /** Takes a host off the network: nobody is told. */
  cut(host: number): void {
    setLink(this.#host(host), 'down')
  }

  mend(host: number): void {
    setLink(this.#host(host), 'up')
  }

  limit(host: number, bandwidth: string): void {
    limitBandwidth(this.#host(host), bandwidth)
  }

  /** Ids of all processes of a host, launchers among them. */
  processes(host: number): number[] {
    return processesOf(this.#host(host))
  }

  /** Ends everything that runs there, and takes the hosts away. Idempotent. */
  remove(): void {
    process.off('exit', this.#onExit)
    removeNetwork(this.#network)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #host(index: number): string {
    const host = this.#network.hosts[index]
    if (host === undefined) throw new Error(`There are ${this.#network.hosts.length} hosts, and no number ${index}.`)
    return host
  }

  /** The command before a command that runs it on a host, under the host's name. */
  #inside(index: number): string[] {
    const named = `hostname ${this.names[index]}; exec "$@"`
    return ['ip', 'netns', 'exec', this.#host(index), 'unshare', '--uts', 'bash', '-c', named, '_']
  }

  /** What mpirun calls instead of ssh: `agent [options] address command…`. */
  #agent(): string {
    const path = join(this.#folder, 'agent')
    const cases = this.#network.hosts.map(
      (host, index) =>
        `  ${this.addresses[index]}) exec ip netns exec ${host} unshare --uts bash -c "hostname ${this.names[index]}; $*" ;;`,
    )
    const lines = [
      '#!/bin/bash',
      'while [[ $1 == -* ]]; do shift; done',
      'address=$1',
      'shift',
      'case $address in',
      ...cases,
      'esac',
      'exit 1',
    ]
    writeFileSync(path, `${lines.join('\n')}\n`)
    chmodSync(path, 0o755)
    return path
  }
}

/** All by TCP over the hosts' network: Open MPI would find that they share memory. */
const MPI_OVER_NETWORK: readonly string[] = [
  ...['--mca', 'plm', 'rsh'],
  ...['--mca', 'pml', 'ob1', '--mca', 'btl', 'tcp,self'],
  ...['--mca', 'btl_tcp_if_include', SUBNET, '--mca', 'oob_tcp_if_include', SUBNET],
]
