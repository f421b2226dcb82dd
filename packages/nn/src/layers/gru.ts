import type { Layer, StepContext } from '@levin/core'
import { gruSequence } from '@levin/ops'
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { hasStates, Recurrent, type RecurrentOptions, type States } from './recurrent.js'

/** A sequence, and the states before its first step. */
export interface GruInput {
  /** `[batch, time, in]` */
  readonly input: Tensor3D
  /** By layer, `[batch, hidden]`. Default: zeros. */
  readonly hidden?: States | undefined
}

export interface GruOutput {
  /** `[batch, time, hidden]` of the last layer. */
  readonly output: Tensor3D
  /** After the last step, by layer, `[batch, hidden]`. */
  readonly hidden: States
}

/** Gated recurrent units: as LSTM, with one state and three gates. Cho et al. 2014. */
export class Gru extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super('gru', 3, inputs, hidden, options)
  }

  /** With states in and out. */
  override forward(input: GruInput, step: StepContext): GruOutput
  /** `[batch, time, in]` to `[batch, time, hidden]`, from states of zero. */
  override forward(input: Tensor3D, step: StepContext): Tensor3D
  override forward(input: Tensor3D | GruInput, step: StepContext): Tensor3D | GruOutput {
    return step.call(this as unknown as Layer<Tensor3D | GruInput, Tensor3D | GruOutput>, input)
  }

  override compute(input: GruInput, step: StepContext): GruOutput
  override compute(input: Tensor3D, step: StepContext): Tensor3D
  override compute(input: Tensor3D | GruInput, step: StepContext): Tensor3D | GruOutput {
    return hasStates<GruInput>(input) ? this.#run(input, step) : this.#run({ input }, step).output
  }

  override describe(): string {
    return this.describeAs('Gru')
  }

  #run({ input, hidden }: GruInput, step: StepContext): GruOutput {
    this.checkSequence(input, step)
    this.checkStates(hidden, input.shape[0])
    let x: Tensor = input
    const hiddens: Tensor2D[] = []
    for (const [i, { values }] of this.layers.entries()) {
      const result = gruSequence({ ...values, x: this.inputOf(i, x, step), hidden: hidden?.[i] })
      x = result.output
      hiddens.push(result.hidden as Tensor2D)
    }
    return { output: x as Tensor3D, hidden: hiddens }
  }
}

/**
 * Layers of gated recurrent units, PyTorch's `nn.GRU` with `batch_first`.
 *
 * Takes `[batch, time, in]` and gives `[batch, time, hidden]`; takes `{ input, hidden }` and gives `{ output, hidden }`.
 *
 * @param inputs features of each step
 * @param hidden features of each state and of the output
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const gru = (inputs: number, hidden: number, options?: RecurrentOptions): Gru => new Gru(inputs, hidden, options)
