import { LevinError } from '@levin/core'

export interface PartitionProblem {
  /** Of each layer, in one unit, such as milliseconds. */
  readonly costs: readonly number[]
  /** Memory of each layer. Default: none. */
  readonly bytes?: readonly number[] | undefined
  readonly stages: number
  /** Most memory of a stage. Default: no limit. */
  readonly limit?: number | undefined
}

export interface Partition {
  /** Layers of each stage, one after the other: `[3, 2]` are layers 0 to 2 and layers 3 and 4. */
  readonly counts: readonly number[]
  /** Of the dearest stage. */
  readonly cost: number
  /** Of the largest stage. */
  readonly bytes: number
}

/**
 * Cuts a chain of layers into stages, each of one layer at least, so that the dearest stage is as cheap as can be: a pipeline is as
 * fast as that. Of cuts that are equally good in this, one whose largest stage is smallest. Exact, by dynamic programming in
 * O(stages · layers²): a hundred layers take well under a millisecond.
 *
 * @throws LEVIN_BAD_OPTION for stages that are no natural number; LEVIN_NOT_SUPPORTED where there are fewer layers than stages, or no
 *   cut keeps within the limit
 */
export function partition({ costs, bytes = costs.map(() => 0), stages, limit }: PartitionProblem): Partition {
  requireLayers(costs.length, bytes.length, stages)
  const [cost, size] = [sumsOf(costs), sumsOf(bytes)]
  const within = limit ?? Number.POSITIVE_INFINITY
  const cheapest = leastLargest(costs.length, stages, cost, (first, end) => size(first, end) <= within)
  if (!cheapest) throw tooLarge(leastLargest(bytes.length, stages, size, () => true)?.largest ?? 0, stages, within)
  // Two passes: the cut with the cheapest beginning is not always part of the smallest among the cheapest ones.
  const smallest = leastLargest(
    costs.length,
    stages,
    size,
    (first, end) => cost(first, end) <= cheapest.largest && size(first, end) <= within,
  )
  const { counts, largest } = smallest ?? cheapest
  return { counts, cost: cheapest.largest, bytes: largest }
}

type OfStage = (first: number, end: number) => number

/** The sums of stretches. Prefixes, so that a stretch has the same bits whoever asks. */
function sumsOf(values: readonly number[]): OfStage {
  const before = [0]
  for (const value of values) before.push((before.at(-1) as number) + value)
  return (first, end) => (before[end] as number) - (before[first] as number)
}

interface Cut {
  readonly counts: readonly number[]
  readonly largest: number
}

/** The cut whose largest stage is least, among those whose stages are all allowed. */
function leastLargest(
  layers: number,
  stages: number,
  of: OfStage,
  isAllowed: (first: number, end: number) => boolean,
): Cut | undefined {
  // By layers that are placed: the best cut of these into as many stages as the round says.
  let best: (Cut | undefined)[] = [{ counts: [], largest: Number.NEGATIVE_INFINITY }]
  for (let stage = 1; stage <= stages; stage++) {
    const next: (Cut | undefined)[] = []
    // Whoever comes later needs a layer for each stage too.
    for (let end = stage; end <= layers - (stages - stage); end++) {
      for (let first = stage - 1; first < end; first++) {
        const before = best[first]
        if (!before || !isAllowed(first, end)) continue
        const largest = Math.max(before.largest, of(first, end))
        if (largest < (next[end]?.largest ?? Number.POSITIVE_INFINITY))
          next[end] = { counts: [...before.counts, end - first], largest }
      }
    }
    best = next
  }
  return best[layers]
}

function requireLayers(layers: number, sizes: number, stages: number): void {
  if (!Number.isSafeInteger(stages) || stages < 1) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: 'A pipeline cannot be cut.',
      expected: 'stages: a natural number',
      found: String(stages),
    })
  }
  if (sizes !== layers) throw new Error(`There are ${layers} costs and ${sizes} sizes.`)
  if (layers >= stages) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `A pipeline of ${stages} stages needs as many layers.`,
    expected: `at least ${stages} layers to cut between`,
    found: String(layers),
    remedy:
      'Use fewer stages (pipeline, chunks), or write the model as more layers: sequential() inside of sequential() is one.',
  })
}

const tooLarge = (smallest: number, stages: number, limit: number): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `No cut of the model into ${stages} stages fits into memory.`,
    expected: `stages of at most ${limit} bytes`,
    found: `${smallest} bytes in the largest stage of the most even cut`,
    remedy: 'Use more stages, smaller micro-batches or recompute, or divide layers too (tensor).',
  })
