import { describe, keep, LevinError, type MetricDefinition, type MetricState } from '@levin/core'
import { add, concat, maximum, minimum, type Tensor, tidy } from '@tensorflow/tfjs-core'

const COMBINE = { sum: add, min: minimum, max: maximum } as const
const COMBINE_ON_HOST = {
  sum: (a: number, b: number) => a + b,
  min: Math.min,
  max: Math.max,
} as const

export interface CreateMetricOptions {
  /**
   * What the metric is, where it has to be known before the first batch: on the side that merges states of others and
   * sees no batch itself. Default: what the first batch says.
   */
  readonly definition?: MetricDefinition
}

/**
 * A metric over many batches, for use without a Trainer: updated on the device, merged over workers, computed on the
 * host.
 *
 * Sums are kept in pairs of pairs (as in pairwise summation), so that float32 loses nothing to a long run: an update
 * costs one addition on average, and a thousand updates hold at most ten tensors.
 */
export class MetricAccumulator<A extends readonly unknown[]> {
  readonly #measure: (...batch: A) => MetricState
  #definition: MetricDefinition | undefined
  /** `#levels[i]` holds 2^i updates. */
  #levels: (Tensor | undefined)[] = []
  #merged: Float64Array | undefined

  constructor(measure: (...batch: A) => MetricState, { definition }: CreateMetricOptions = {}) {
    if (typeof measure !== 'function') {
      throw new LevinError('LEVIN_BAD_OPTION', {
        message: 'createMetric needs to know what to measure.',
        expected: 'a function of a batch, as in (logits, labels) => accuracy(logits, labels)',
        found: describe(measure),
      })
    }
    this.#measure = measure
    this.#definition = definition
  }

  /** Takes a batch. Nothing is read from the device, and the batch stays the caller's. */
  update(...batch: A): void {
    tidy(() => {
      const { metric, state } = this.#measure(...batch)
      this.#requireSame(metric)
      this.#definition ??= metric
      this.#push(state, metric)
    })
  }

  /**
   * Takes what another accumulator of the same metric has seen.
   *
   * @param state its `state()`; of one that saw nothing it is empty, and changes nothing
   * @throws LEVIN_BAD_OPTION for a state of another size
   */
  merge(state: Float64Array | Float32Array | readonly number[]): void {
    if (state.length === 0) return
    const size = this.#definition?.size ?? this.#merged?.length ?? state.length
    if (state.length !== size) throw wrongSize(size, state.length)
    const held = this.#merged
    const reduction = this.#definition?.reduction
    if (held && !reduction) throw unknownMetric('merge a second state')
    this.#merged = held && reduction ? combined(held, state, reduction) : Float64Array.from(state)
  }

  /** Everything so far, to be merged elsewhere. Empty where nothing was seen. */
  async state(): Promise<Float64Array> {
    const levels = this.#levels.filter((level) => level !== undefined)
    if (levels.length === 0 || !this.#definition) return this.#merged?.slice() ?? new Float64Array()
    const { size, reduction } = this.#definition
    const joined = tidy(() => concat(levels))
    let merged = this.#merged
    try {
      const values = await joined.data<'float32'>()
      for (let level = 0; level < levels.length; level++) {
        const part = values.subarray(level * size, (level + 1) * size)
        merged = merged ? combined(merged, part, reduction) : Float64Array.from(part)
      }
    } finally {
      joined.dispose()
    }
    return merged?.slice() ?? new Float64Array()
  }

  /** The value of everything so far; NaN of nothing. */
  async compute(): Promise<ReturnType<MetricDefinition['compute']>> {
    const state = await this.state()
    if (state.length === 0) return Number.NaN
    if (!this.#definition) throw unknownMetric('compute a value')
    return this.#definition.compute(state)
  }

  /** Forgets everything seen. */
  reset(): void {
    for (const level of this.#levels) level?.dispose()
    this.#levels = []
    this.#merged = undefined
  }

  /** Frees what is on the device. */
  dispose(): void {
    this.reset()
  }

  #push(state: Tensor, { reduction }: MetricDefinition): void {
    const combine = COMBINE[reduction]
    let carry = state
    let level = 0
    for (let held = this.#levels[level]; held; held = this.#levels[++level]) carry = combine(held, carry)
    keep(carry)
    for (let below = 0; below < level; below++) this.#levels[below]?.dispose()
    this.#levels.fill(undefined, 0, level)
    this.#levels[level] = carry
  }

  #requireSame({ name, size }: MetricDefinition): void {
    const expected = this.#definition
    const held = expected?.size ?? this.#merged?.length ?? size
    if (held !== size) throw wrongSize(held, size)
    if (!expected || expected.name === name) return
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: 'This metric measures something else than before.',
      expected: `a state of '${expected.name}'`,
      found: `one of '${name}'`,
    })
  }
}

/**
 * A metric to update batch by batch.
 *
 * ```ts
 * const top5 = createMetric((logits: Tensor, labels: Tensor) => accuracy(logits, labels, { topK: 5 }))
 * for (const { images, labels } of batches) top5.update(model.predict(images), labels)
 * console.log(await top5.compute())
 * top5.dispose()
 * ```
 *
 * @throws LEVIN_BAD_OPTION
 */
export const createMetric = <A extends readonly unknown[]>(
  measure: (...batch: A) => MetricState,
  options: CreateMetricOptions = {},
): MetricAccumulator<A> => new MetricAccumulator(measure, options)

function combined(held: Float64Array, more: ArrayLike<number>, reduction: MetricDefinition['reduction']): Float64Array {
  const combine = COMBINE_ON_HOST[reduction]
  return held.map((value, index) => combine(value, more[index] as number))
}

const wrongSize = (expected: number, found: number): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message: 'This is the state of another metric.',
    expected: `${expected} values`,
    found: `${found}`,
    remedy: 'Merge states of the same metric with the same options, such as the number of classes.',
  })

const unknownMetric = (what: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message: `This metric cannot ${what}: it has seen no batch, and so does not know what it is.`,
    remedy: 'Pass its definition: createMetric(measure, { definition: accuracyMetric }).',
  })
