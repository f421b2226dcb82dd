/** What ranks do together, as often as they are asked. A message goes there and comes back; a local reduction is each rank's own. */
export type CollectiveKind = 'all-reduce' | 'reduce-scatter' | 'all-gather' | 'message' | 'barrier' | 'local-reduction'

/** One collective of float32 among some ranks of one machine. */
export interface CollectiveWork {
  readonly name: string
  readonly kind: CollectiveKind
  readonly ranks: number
  /** Of the whole: what an all-reduce reduces, what a reduce-scatter divides, what an all-gather ends with, a message. */
  readonly elements: number
}

const SIZES = { '4kB': 1_000, '400kB': 100_000, '4MB': 1_000_000, '40MB': 10_000_000 } as const

type Size = keyof typeof SIZES

const work = (kind: CollectiveKind, size: Size, ranks = 2): CollectiveWork => ({
  name: `${kind}-${size}${ranks === 2 ? '' : `-${ranks}r`}`,
  kind,
  ranks,
  elements: SIZES[size],
})

/** With four ranks, on two processors, it is also measured who makes room for whom. */
export const COLLECTIVE_WORKS: readonly CollectiveWork[] = [
  ...(['4kB', '400kB', '4MB', '40MB'] as const).map((size) => work('all-reduce', size)),
  ...(['reduce-scatter', 'all-gather'] as const).flatMap((kind) =>
    (['400kB', '4MB', '40MB'] as const).map((size) => work(kind, size)),
  ),
  ...(['4kB', '400kB', '4MB'] as const).map((size) => work('all-reduce', size, 4)),
  { name: 'barrier', kind: 'barrier', ranks: 2, elements: 0 },
  { name: 'message-4B', kind: 'message', ranks: 2, elements: 1 },
  work('message', '4MB'),
  work('local-reduction', '4MB'),
]
