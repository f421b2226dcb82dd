import type { CheckpointContent, CheckpointIO, SaveOptions, Strategy, TensorRecord } from '@levin/core'

interface Saved extends Omit<TensorRecord, 'data' | 'range'> {
  readonly values: readonly number[]
}

/**
 * A storage that all ranks reach, made of one in each rank's memory: what is saved travels to all of them. Whole tensors come from
 * rank 0, or parts from every rank, as the strategy says.
 */
export class CheckpointsOfRanks implements CheckpointIO {
  readonly name = 'checkpointsOfRanks'
  readonly load: CheckpointIO['load']
  readonly remove: CheckpointIO['remove']
  readonly exists: CheckpointIO['exists']
  readonly point: CheckpointIO['point']
  readonly resolve: CheckpointIO['resolve']
  readonly prepare: CheckpointIO['prepare']
  readonly #own: CheckpointIO
  readonly #strategy: Strategy & { readonly savesParts?: boolean }

  constructor(own: CheckpointIO, strategy: Strategy) {
    this.#own = own
    this.#strategy = strategy
    this.load = own.load.bind(own)
    this.remove = own.remove.bind(own)
    this.exists = own.exists.bind(own)
    this.point = own.point.bind(own)
    this.resolve = own.resolve.bind(own)
    this.prepare = own.prepare.bind(own)
  }

  async save(location: string, content: CheckpointContent, options?: SaveOptions): Promise<void> {
    const model = await this.#shared(content.model)
    const optimizer = content.optimizer && (await this.#shared(content.optimizer))
    const trainer = await this.#strategy.broadcast(content.trainer)
    await this.#own.save(location, { ...content, trainer, model, ...(optimizer ? { optimizer } : {}) }, options)
  }

  async #shared(records: Iterable<TensorRecord> | AsyncIterable<TensorRecord>): Promise<TensorRecord[]> {
    const own: Saved[] = []
    for await (const { data, range: _, ...rest } of records) own.push({ ...rest, values: [...(await data())] })
    const all = await this.#strategy.gather(own)
    const merged = new Map<string, { shape: readonly number[]; values: Float32Array }>()
    for (const each of this.#strategy.savesParts ? all.flat() : (all[0] ?? [])) {
      const shape = each.wholeShape ?? each.slice?.globalShape ?? each.shape
      const size = shape.reduce((product, length) => product * length, 1)
      const whole = merged.get(each.name) ?? { shape, values: new Float32Array(size).fill(Number.NaN) }
      whole.values.set(each.values, each.slice?.start[0] ?? 0)
      merged.set(each.name, whole)
    }
    return [...merged].map(([name, { shape, values }]) => {
      if (values.some(Number.isNaN)) throw new Error(`Parts of '${name}' are missing.`)
      return { name, dtype: 'float32', shape, data: () => values }
    })
  }
}
