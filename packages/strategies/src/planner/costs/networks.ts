import { ethernet, type Link } from './link.js'

/** Of a network that is not here. */
export interface AssumedNetwork {
  readonly name: string
  readonly gigabits: number
  /** Seconds, one way. */
  readonly latency: number
  readonly source: string
}

export const NETWORKS: readonly AssumedNetwork[] = [
  {
    name: '1 Gbit/s',
    gigabits: 1,
    latency: 50e-6,
    source: 'as 10 Gbit/s, whose latency is that of the kernels and not of the wire',
  },
  {
    name: '10 Gbit/s',
    gigabits: 10,
    latency: 50e-6,
    source:
      'TCP, half of the 92 to 100 µs there and back between instances of one placement group ([measured on EC2, 2014](http://blogs.scalablelogic.com/2014/01/enhanced-networking-in-aws-cloud-part-2.html))',
  },
  {
    name: '100 Gbit/s',
    gigabits: 100,
    latency: 2e-6,
    source:
      'an adapter that MPI drives past the kernel: 1.93 µs were measured with Open MPI at 40 Gbit/s ([Cisco, 2014](https://news-blogs.cisco.com/performance/mpi-over-40gb-ethernet))',
  },
]

export const linkOf = ({ gigabits, latency }: AssumedNetwork, secondsPerReducedByte: number): Link =>
  ethernet(gigabits, latency, secondsPerReducedByte)
