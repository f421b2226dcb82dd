import {
  type Buffer,
  LevinError,
  type Optimizer,
  type Parameter,
  type ProcessGroup,
  type TensorRecord,
} from '@levin/core'
import { partsOf, replaceValue } from '../group/same-module.js'
import type { Task } from '../group/task.js'
import type { TensorAccess } from '../group/tensor-access.js'
import { planBuckets } from './buckets.js'
import type { OuterOptimizer } from './options.js'

export interface LocalRoundsOptions {
  /** Updates in a round. */
  readonly localSteps: number
  readonly outer?: OuterOptimizer | undefined
  readonly bucketBytes: number
}

/** Under which name the outer momentum of a parameter lies in checkpoints, after its path and a slash. */
const MOMENTUM = 'outerMomentum'

/**
 * Rounds of training alone, each of which ends in an average over the ranks. With an outer optimizer the average of what ranks
 * changed, θ before - θ after, is a gradient for SGD with momentum on the parameters from before the round.
 */
export class LocalRounds {
  readonly #options: LocalRoundsOptions
  readonly #group: ProcessGroup
  readonly #access: TensorAccess
  /** What was trained in this round, with its values from before where an outer optimizer needs them. */
  readonly #trained = new Map<Parameter, Float32Array | undefined>()
  readonly #momentum = new Map<Parameter, Float32Array>()
  #known: readonly Parameter[] = []
  #updates = 0

  constructor(options: LocalRoundsOptions, group: ProcessGroup, access: TensorAccess) {
    this.#options = options
    this.#group = group
    this.#access = access
  }

  /** No update has happened since all ranks held the same. */
  get isAtStart(): boolean {
    return this.#updates === 0
  }

  get isDue(): boolean {
    return this.#updates >= this.#options.localSteps
  }

  /** Before an update of these parameters. */
  *begin(parameters: readonly Parameter[]): Task {
    if (parameters === this.#known) return
    this.#known = parameters
    for (const parameter of parameters) {
      if (this.#trained.has(parameter)) continue
      const before = this.#options.outer && new Float32Array(parameter.size)
      if (before) yield () => this.#access.read(parameter.value, before)
      this.#trained.set(parameter, before)
    }
  }

  count(): void {
    this.#updates++
  }

  /** Ends the round: all ranks hold the same parameters after it, bit for bit. */
  *end(): Task {
    const parameters = [...this.#trained.keys()]
    const sizes = parameters.map(({ size }) => size)
    const options = { bucketBytes: this.#options.bucketBytes, inPlaceFrom: Number.POSITIVE_INFINITY }
    for (const { packed, flat } of planBuckets(sizes, [...sizes.keys()], options)) {
      for (const { index, offset, size } of packed) {
        const parameter = parameters[index] as Parameter
        const part = flat.subarray(offset, offset + size)
        yield () => this.#access.read(parameter.value, part)
        this.#takeChange(parameter, part)
      }
      yield (collectives) => collectives.allReduce(flat, 'sum')
      for (const { index, offset, size } of packed) {
        const parameter = parameters[index] as Parameter
        const part = flat.subarray(offset, offset + size)
        this.#apply(parameter, part)
        replaceValue(parameter, part, this.#access)
      }
    }
    this.#trained.clear()
    this.#known = []
    this.#updates = 0
  }

  /** Running statistics are those of every rank's own part of the data: their mean stands for all. */
  *averageBuffers(buffers: readonly Buffer[]): Task {
    const flat = new Float32Array(buffers.reduce((sum, { size }) => sum + size, 0))
    const parts = partsOf(buffers, flat)
    for (const [buffer, part] of parts) yield () => this.#access.read(buffer.value, part)
    yield (collectives) => collectives.allReduce(flat, 'sum')
    for (let i = 0; i < flat.length; i++) flat[i] = (flat[i] as number) / this.#group.size
    for (const [buffer, part] of parts) replaceValue(buffer, part, this.#access)
  }

  /** The outer momentum of an optimizer's parameters, as records of its state. */
  *records({ groups }: Optimizer): Iterable<TensorRecord> {
    for (const parameter of groups.flatMap((group) => group.parameters)) {
      const momentum = this.#momentum.get(parameter)?.slice()
      if (!momentum) continue
      const { path, shape } = parameter
      yield { name: `${path}/${MOMENTUM}`, dtype: 'float32', shape, data: async () => momentum }
    }
  }

  /** Takes its own records out of an optimizer's state. */
  async load({ groups }: Optimizer, records: ReadonlyMap<string, TensorRecord>): Promise<Map<string, TensorRecord>> {
    const rest = new Map(records)
    for (const parameter of groups.flatMap((group) => group.parameters)) {
      const name = `${parameter.path}/${MOMENTUM}`
      const record = rest.get(name)
      rest.delete(name)
      if (!record || !this.#options.outer) continue
      const values = (await record.data()) as Float32Array
      if (values.length !== parameter.size) {
        throw new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
          message: `'${name}' cannot be used.`,
          expected: `${parameter.size} values`,
          found: String(values.length),
        })
      }
      this.#momentum.set(parameter, Float32Array.from(values))
    }
    return rest
  }

  /** What travels: the parameter, or with an outer optimizer how far it went, the way that a gradient points. */
  #takeChange(parameter: Parameter, values: Float32Array): void {
    const before = this.#trained.get(parameter)
    if (!before) return
    for (let i = 0; i < values.length; i++) values[i] = (before[i] as number) - (values[i] as number)
  }

  /** Turns a sum over the ranks into the parameter that all go on with. */
  #apply(parameter: Parameter, values: Float32Array): void {
    const share = 1 / this.#group.size
    const before = this.#trained.get(parameter)
    if (!before) {
      for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * share
      return
    }
    const { learningRate = 0.7, momentum = 0.9, nesterov = true } = this.#options.outer ?? {}
    const memory = this.#momentum.get(parameter) ?? new Float32Array(values.length)
    this.#momentum.set(parameter, memory)
    for (let i = 0; i < values.length; i++) {
      const gradient = (values[i] as number) * share
      const moved = Math.fround(momentum * (memory[i] as number) + gradient)
      memory[i] = moved
      values[i] = (before[i] as number) - learningRate * (nesterov ? gradient + momentum * moved : moved)
    }
  }
}
