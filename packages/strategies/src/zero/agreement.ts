import type { Collectives } from '@levin/core'

/** What one rank brings to a sum of gradients. */
export interface Contribution {
  /** What its losses count. */
  readonly weight: number
  /** Whether its gradients take part: those of an empty part of a batch do not. */
  readonly counts: boolean
  /** Whether its loss depends on anything that is trained. */
  readonly connected: boolean
  /** By parameter: whether its loss depends on it. */
  readonly reached: readonly boolean[]
}

/** What all ranks bring. */
export interface Agreement {
  /** The sum, in double precision and in the order of the ranks: the same bits on all of them. */
  readonly weight: number
  /** Whether any rank's loss depends on anything that is trained. */
  readonly connected: boolean
  /** By parameter: whether any gradient takes part. */
  readonly used: readonly boolean[]
  /** Whether every rank's loss depends on the same parameters, so that their walks back go alike. */
  readonly alike: boolean
}

const REACHED = 1
const COUNTS = 2

/** The weight, a flag for {@link Contribution.connected}; then a byte for each parameter. */
const HEAD = 9

/** One small collective in which every rank learns what the others bring. */
export function agree(collectives: Collectives, ranks: number, own: Contribution): Agreement {
  const length = HEAD + own.reached.length
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setFloat64(0, own.counts ? own.weight : 0)
  bytes[HEAD - 1] = Number(own.connected)
  for (const [index, reached] of own.reached.entries())
    bytes[HEAD + index] = reached ? REACHED | (own.counts ? COUNTS : 0) : 0
  const all = new Uint8Array(length * ranks)
  collectives.allGather(bytes, all)
  return read(all, bytes)
}

function read(all: Uint8Array, own: Uint8Array): Agreement {
  const view = new DataView(all.buffer)
  const used = new Array<boolean>(own.length - HEAD).fill(false)
  let weight = 0
  let connected = false
  let alike = true
  for (let start = 0; start < all.length; start += own.length) {
    weight += view.getFloat64(start)
    connected ||= all[start + HEAD - 1] === 1
    for (let index = 0; index < used.length; index++) {
      const flags = all[start + HEAD + index] as number
      if (flags & COUNTS) used[index] = true
      if ((flags & REACHED) !== ((own[HEAD + index] as number) & REACHED)) alike = false
    }
  }
  return { weight, connected, used, alike }
}
