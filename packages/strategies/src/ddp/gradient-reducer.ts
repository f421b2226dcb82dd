import { keep, type Parameter, type ProcessGroup } from '@levin/core'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import { drive, type Task } from '../group/task.js'
import type { TensorAccess } from '../group/tensor-access.js'
import { type Bucket, planBuckets } from './buckets.js'
import type { GradientSlot, PowerSgd } from './power-sgd.js'
import type { Sums } from './sums.js'

export interface ReducerOptions {
  readonly group: ProcessGroup
  readonly access: TensorAccess
  readonly sums: Sums
  /** Approximates what it can; absent: nothing is. */
  readonly powerSgd?: PowerSgd | undefined
  readonly bucketBytes: number
  /** Ranks block in collectives: gradients are summed where they lie. */
  readonly blocks: boolean
}

/**
 * Elements from which a gradient is summed where it lies, 64 kB: of smaller ones several together cost less than a collective
 * for each, although they are copied twice.
 */
const IN_PLACE_FROM = 2 ** 14

/**
 * Sums the gradients of a fixed list of parameters over the ranks, bucket by bucket in one order on all ranks. A rank that blocks
 * does so after the walk: the others are then as far as it is. Elsewhere the sum of a bucket begins as soon as its last gradient
 * is there, and goes on while the walk does.
 */
export class GradientReducer {
  readonly parameters: readonly Parameter[]
  readonly #options: ReducerOptions
  readonly #buckets: readonly Bucket[]
  /** Indices of what is approximated. */
  readonly #approximated: readonly number[]
  readonly #bucketOf: Int32Array
  readonly #missing: Int32Array
  readonly #gradients: (Tensor | undefined)[]
  readonly #result = new Map<Parameter, Tensor>()
  #next = 0
  #running: Promise<void>[] = []

  constructor(parameters: readonly Parameter[], options: ReducerOptions) {
    const { access, powerSgd, bucketBytes, blocks } = options
    this.parameters = [...parameters]
    this.#options = options
    const sizes = parameters.map(({ layout }) => sizeOf(layout.shape))
    const indices = parameters.map((_, index) => index)
    const isApproximated = (index: number) => powerSgd?.compresses((parameters[index] as Parameter).shape) ?? false
    this.#approximated = indices.filter(isApproximated)
    const inPlaceFrom = blocks && access.hasMemory ? IN_PLACE_FROM : Number.POSITIVE_INFINITY
    const exact = indices.filter((index) => !isApproximated(index))
    // Nothing begins before the walk is over where ranks block: what is small needs one collective then.
    this.#buckets = planBuckets(sizes, exact, { bucketBytes: blocks ? Infinity : bucketBytes, inPlaceFrom })
    this.#bucketOf = new Int32Array(parameters.length).fill(-1)
    for (const [number, { members }] of this.#buckets.entries())
      for (const index of members) this.#bucketOf[index] = number
    this.#missing = new Int32Array(this.#buckets.length)
    this.#gradients = new Array<Tensor | undefined>(parameters.length).fill(undefined)
  }

  /** Whether this is the reducer for these parameters. */
  isFor(parameters: readonly Parameter[]): boolean {
    return (
      parameters.length === this.parameters.length &&
      parameters.every((parameter, index) => parameter === this.parameters[index])
    )
  }

  /**
   * Begins a sum. What the losses of other ranks reach, and the loss of this one does not, is zero here.
   *
   * @param reached by parameter: 1 where the loss of any rank reaches it
   * @param own the same of this rank alone
   */
  begin(reached: Uint8Array, own: Uint8Array): void {
    this.#next = 0
    this.#running = []
    for (const [number, { members }] of this.#buckets.entries()) this.#missing[number] = members.length
    for (const [index, { layout }] of this.parameters.entries()) {
      if (!reached[index]) this.#count(index)
      else if (!own[index]) this.take(index, keep(zeros([...layout.shape])))
    }
  }

  /** Takes over the finished gradient of this rank. */
  take(index: number, gradient: Tensor): void {
    this.#gradients[index] = gradient
    this.#count(index)
  }

  /** Waits for all sums. Then {@link result} holds them. */
  *finish(): Task {
    const { powerSgd, group } = this.#options
    if (group.size > 1) yield* this.#sumBuckets()
    if (powerSgd) yield* this.#approximate(powerSgd, group)
    this.#result.clear()
    // In the order of the parameters and not of arrival: whoever adds up over all gradients gets one number on all ranks.
    for (const [index, gradient] of this.#gradients.entries())
      if (gradient) this.#result.set(this.parameters[index] as Parameter, gradient)
  }

  *#sumBuckets(): Task {
    if (this.#options.blocks) for (const bucket of this.#buckets) yield* this.#sumInPlace(bucket)
    else yield () => Promise.all(this.#running).then(() => undefined)
  }

  /** The sums, for parameters that any rank's loss reaches. They are freed by {@link release}. */
  get result(): ReadonlyMap<Parameter, Tensor> {
    return this.#result
  }

  /** Hands the sums over to the caller. */
  handOver(): Map<Parameter, Tensor> {
    const result = new Map(this.#result)
    this.#gradients.fill(undefined)
    this.#result.clear()
    return result
  }

  /** Frees the gradients, whatever became of them. */
  release(): void {
    for (const [index, gradient] of this.#gradients.entries()) {
      gradient?.dispose()
      this.#gradients[index] = undefined
    }
    this.#result.clear()
  }

  #count(index: number): void {
    const number = this.#bucketOf[index] as number
    if (number < 0) return
    this.#missing[number] = (this.#missing[number] as number) - 1
    if (this.#options.blocks || this.#options.group.size === 1) return
    while (this.#next < this.#buckets.length && this.#missing[this.#next] === 0) this.#start(this.#next++)
  }

  #start(number: number): void {
    const { group, access, sums } = this.#options
    const begin = () => drive(this.#sumPacked(this.#buckets[number] as Bucket), group.asynchronous)
    const isOrdered = !sums.isSerial && access.isSynchronous
    const before = isOrdered ? undefined : this.#running.at(-1)
    const sum = before ? before.then(begin) : begin()
    if (!sum) return
    // Whoever waits for it sees the error; a walk that fails meanwhile leaves nobody who does.
    sum.catch(() => undefined)
    this.#running.push(sum)
  }

  *#sumInPlace(bucket: Bucket): Task {
    const { access, group, sums } = this.#options
    yield* this.#sumPacked(bucket)
    for (const index of bucket.inPlace) {
      const given = this.#gradients[index]
      if (!given) continue
      const gradient = access.own(given)
      this.#gradients[index] = gradient
      const memory = access.memory(gradient)
      if (memory) yield* sums.sum(memory, group)
      else yield* this.#sumCopy(index, gradient)
    }
  }

  /** For a gradient that lives elsewhere, as one does that another backend made. */
  *#sumCopy(index: number, gradient: Tensor): Task {
    const { access, group, sums } = this.#options
    const values = new Float32Array(gradient.size)
    yield () => access.read(gradient, values)
    yield* sums.sum(values, group)
    this.#gradients[index] = access.write(gradient, values)
  }

  *#sumPacked({ packed, flat }: Bucket): Task {
    const { access, group, sums } = this.#options
    if (packed.length === 0) return
    for (const { index, offset, size } of packed) {
      const gradient = this.#gradients[index]
      const target = flat.subarray(offset, offset + size)
      if (!gradient) target.fill(0)
      else {
        const reading = access.read(gradient, target)
        if (reading) yield () => reading
      }
    }
    yield* sums.sum(flat, group)
    for (const { index, offset, size } of packed) {
      const gradient = this.#gradients[index]
      if (gradient) this.#gradients[index] = access.write(gradient, flat.subarray(offset, offset + size))
    }
  }

  *#approximate(powerSgd: PowerSgd, group: ProcessGroup): Task {
    const slots: (GradientSlot & { index: number })[] = []
    for (const index of this.#approximated) {
      const gradient = this.#gradients[index]
      if (gradient) slots.push({ index, parameter: this.parameters[index] as Parameter, gradient })
    }
    try {
      yield* powerSgd.sum(slots, group)
    } finally {
      for (const { index, gradient } of slots) this.#gradients[index] = gradient
    }
  }
}

/** Elements of what a rank holds. */
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
