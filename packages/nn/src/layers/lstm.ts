import type { Layer, StepContext } from '@levin/core'
import { lstmSequence } from '@levin/ops'
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { hasStates, Recurrent, type RecurrentOptions, type States } from './recurrent.js'

/** A sequence, and the states before its first step. */
export interface LstmInput {
  /** `[batch, time, in]` */
  readonly input: Tensor3D
  /** By layer, `[batch, hidden]`. Default: zeros. */
  readonly hidden?: States | undefined
  /** By layer, `[batch, hidden]`. Default: zeros. */
  readonly cell?: States | undefined
}

export interface LstmOutput {
  /** `[batch, time, hidden]` of the last layer. */
  readonly output: Tensor3D
  /** After the last step, by layer, `[batch, hidden]`. */
  readonly hidden: States
  /** After the last step, by layer, `[batch, hidden]`. */
  readonly cell: States
}

/** Long short-term memory: layers of units that learn what to keep. Hochreiter & Schmidhuber 1997. */
export class Lstm extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super('lstm', 4, inputs, hidden, options)
  }

  /** With states in and out. */
  override forward(input: LstmInput, step: StepContext): LstmOutput
  /** `[batch, time, in]` to `[batch, time, hidden]`, from states of zero. */
  override forward(input: Tensor3D, step: StepContext): Tensor3D
  override forward(input: Tensor3D | LstmInput, step: StepContext): Tensor3D | LstmOutput {
    return step.call(this as unknown as Layer<Tensor3D | LstmInput, Tensor3D | LstmOutput>, input)
  }

  override compute(input: LstmInput, step: StepContext): LstmOutput
  override compute(input: Tensor3D, step: StepContext): Tensor3D
  override compute(input: Tensor3D | LstmInput, step: StepContext): Tensor3D | LstmOutput {
    return hasStates<LstmInput>(input) ? this.#run(input, step) : this.#run({ input }, step).output
  }

  override describe(): string {
    return this.describeAs('Lstm')
  }

  #run({ input, hidden, cell }: LstmInput, step: StepContext): LstmOutput {
    this.checkSequence(input, step)
    this.checkStates(hidden, input.shape[0])
    this.checkStates(cell, input.shape[0])
    let x: Tensor = input
    const [hiddens, cells]: [Tensor2D[], Tensor2D[]] = [[], []]
    for (const [i, { values }] of this.layers.entries()) {
      const operands = { ...values, x: this.inputOf(i, x, step), hidden: hidden?.[i], cell: cell?.[i] }
      const result = lstmSequence(operands)
      x = result.output
      hiddens.push(result.hidden as Tensor2D)
      cells.push(result.cell as Tensor2D)
    }
    return { output: x as Tensor3D, hidden: hiddens, cell: cells }
  }
}

/**
 * Layers of long short-term memory, PyTorch's `nn.LSTM` with `batch_first`.
 *
 * Takes `[batch, time, in]` and gives `[batch, time, hidden]`; takes `{ input, hidden, cell }` and gives
 * `{ output, hidden, cell }`.
 *
 * @param inputs features of each step
 * @param hidden features of each state and of the output
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const lstm = (inputs: number, hidden: number, options?: RecurrentOptions): Lstm =>
  new Lstm(inputs, hidden, options)
