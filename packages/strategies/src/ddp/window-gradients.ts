import { keep, type MicroBatch, record, type Tape, type TrainingWindow, type WeightedLoss } from '@levin/core'
import { accumulate } from '@levin/ops'
import { mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { notConnected } from '../group/not-connected.js'
import type { Task } from '../group/task.js'
import type { GradientReducer } from './gradient-reducer.js'
import { WindowExchange } from './window-exchange.js'

/**
 * The gradients of an accumulation window on one rank. Sums, weighted by what each loss counts, stay here until the last batch;
 * they leave scaled so that what all ranks bring adds up to the mean over the whole window.
 */
export class WindowGradients {
  readonly reducer: GradientReducer
  readonly #exchange: WindowExchange
  readonly #ranks: number
  readonly #isPart: boolean
  readonly #sums: (Tensor | undefined)[]
  /** By parameter: whether a loss of this rank reaches it. */
  readonly #reached: Uint8Array
  #weight = 0

  /**
   * @param ranks that share a window: 1 where each trains by itself
   * @param isPart whether batches are parts of larger ones, which may have nothing in them
   */
  constructor(reducer: GradientReducer, { ranks, isPart }: { ranks: number; isPart: boolean }) {
    const { length } = reducer.parameters
    this.reducer = reducer
    this.#ranks = ranks
    this.#isPart = isPart
    this.#exchange = new WindowExchange(ranks, length)
    this.#sums = new Array<Tensor | undefined>(length).fill(undefined)
    this.#reached = new Uint8Array(length)
  }

  /** A batch that is not the window's last: nothing is sent. */
  add(window: TrainingWindow, micro: MicroBatch): void {
    const { tape, weight } = this.#forward(window, micro)
    try {
      window.beforeBackward(micro, tape.outputs)
      this.#weight += weight
      const isEmpty = this.#isEmpty(micro, weight)
      if (isConnected(tape)) tape.backward(weight, (_source, gradient, index) => this.#add(index, gradient, isEmpty))
      window.afterBackward(micro)
    } finally {
      tape.dispose()
    }
  }

  /** The last batch, and the sum over the ranks. */
  *finish(window: TrainingWindow, micro: MicroBatch): Task {
    const { tape, weight } = this.#forward(window, micro)
    try {
      this.#weight += weight
      yield* this.#agree()
      if (!this.#exchange.reached.includes(1)) throw notConnected(this.reducer.parameters)
      window.beforeBackward(micro, tape.outputs)
      this.#walk(tape, weight, { isAlone: micro.index === 0, isEmpty: this.#isEmpty(micro, weight) })
      window.afterBackward(micro)
    } finally {
      tape.dispose()
    }
    yield* this.reducer.finish()
  }

  /** One loss by itself, for manual optimization. */
  *single(loss: () => Scalar, samples: number): Task<Scalar> {
    this.release()
    const tape = record(loss, this.#sources())
    try {
      this.#note(tape)
      this.#weight = samples
      yield* this.#agree()
      this.#walk(tape, samples, { isAlone: true, isEmpty: samples === 0 })
      yield* this.reducer.finish()
      return keep(tape.outputs.clone()) as Scalar
    } finally {
      tape.dispose()
    }
  }

  release(): void {
    this.reducer.release()
    for (const [index, sum] of this.#sums.entries()) {
      sum?.dispose()
      this.#sums[index] = undefined
    }
    this.#reached.fill(0)
    this.#weight = 0
  }

  #forward(window: TrainingWindow, micro: MicroBatch): { tape: Tape<Scalar>; weight: number } {
    let weighted: WeightedLoss | undefined
    const tape = record(() => {
      weighted = window.forward(micro)
      return weighted.loss
    }, this.#sources())
    this.#note(tape)
    return { tape, weight: micro.samples === 0 ? 0 : ((weighted as WeightedLoss | undefined)?.weight ?? 0) }
  }

  #sources(): Tensor[] {
    return this.reducer.parameters.map(({ value }) => value)
  }

  #note({ connected }: Tape<unknown>): void {
    for (let index = 0; index < connected.length; index++) if (connected[index]) this.#reached[index] = 1
  }

  /** The loss of a part that counts for nothing is a mean over nothing, and so are its gradients: NaN times 0 is NaN. */
  #isEmpty({ samples }: MicroBatch, weight: number): boolean {
    return samples === 0 || (weight === 0 && this.#isPart)
  }

  #add(index: number, gradient: Tensor, isEmpty: boolean): void {
    if (isEmpty) {
      gradient.dispose()
      return
    }
    const sum = this.#sums[index]
    this.#sums[index] = sum ? plus(sum, gradient) : gradient
  }

  /** Learns the weight of the whole window and what all losses reach. */
  *#agree(): Task {
    if (this.#ranks === 1) {
      this.#exchange.totalWeight = this.#weight
      this.#exchange.reached.set(this.#reached)
    } else yield* this.#exchange.run(this.#weight, this.#reached)
  }

  /** Backward, and off with what comes out of it: scaled, and together with what earlier batches of the window gave. */
  #walk(tape: Tape<Scalar>, weight: number, { isAlone, isEmpty }: { isAlone: boolean; isEmpty: boolean }): void {
    const { totalWeight, reached } = this.#exchange
    // A window without any weight has no direction. On one rank the weight of a single batch cancels out.
    const inverse = totalWeight === 0 ? 0 : 1 / totalWeight
    const share = this.#ranks === 1 ? 1 : weight * inverse
    const [seed, factor] = isAlone ? [share, 1] : [weight, inverse]
    const { connected } = tape
    const comes = (index: number) => connected[index] === true && !isEmpty
    for (let index = 0; index < connected.length; index++)
      this.#reached[index] = comes(index) || this.#sums[index] ? 1 : 0
    this.reducer.begin(reached, this.#reached)
    for (let index = connected.length - 1; index >= 0; index--)
      if (!comes(index) && this.#sums[index]) this.#hand(index, undefined, factor)
    if (!isConnected(tape)) return
    tape.backward(seed, (_source, gradient, index) => {
      if (isEmpty) gradient.dispose()
      else this.#hand(index, gradient, factor)
    })
  }

  #hand(index: number, gradient: Tensor | undefined, factor: number): void {
    const sum = this.#sums[index]
    this.#sums[index] = undefined
    const total = sum && gradient ? plus(sum, gradient) : ((sum ?? gradient) as Tensor)
    this.reducer.take(index, factor === 1 ? total : times(total, factor))
  }
}

function plus(sum: Tensor, gradient: Tensor): Tensor {
  const total = accumulate(sum, gradient)
  if (total !== sum) sum.dispose()
  gradient.dispose()
  return total
}

function times(tensor: Tensor, factor: number): Tensor {
  const scaled = keep(tidy(() => mul(tensor, factor)))
  tensor.dispose()
  return scaled
}

const isConnected = ({ connected }: Tape<unknown>): boolean => connected.includes(true)
