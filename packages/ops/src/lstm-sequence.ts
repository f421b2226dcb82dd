import { type Tensor, type TensorInfo, zeros } from '@tensorflow/tfjs-core'
import { checkFloat, checkShape } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { composedLstm, composedLstmGradients } from './lstm-composed.js'
import {
  biasGradients,
  checkedRecurrence,
  product,
  type RecurrentOperands,
  type RecurrentSizes,
  type RecurrentTensors,
  recurrentInputs,
  statesBefore,
} from './sequence-steps.js'
import { recordNode } from './tape-node.js'

/**
 * Inputs of `LevinLstm`. Outputs: `[output, hidden, cell, cells, gates]`: `[batch, time, hidden]`; `[batch, hidden]` twice, after
 * the last step; `[batch, time, hidden]`; and the gates after their activations, `[batch, time, 4 · hidden]`, in the order
 * input, forget, candidate, output.
 */
export interface LstmInputs extends RecurrentTensors {
  /** `[batch, hidden]`: the cell before the first step. */
  readonly cell: TensorInfo
}

/**
 * Inputs of `LevinLstmGrad`. Outputs: `[dGates, dHidden, dCell]`: `[batch, time, 4 · hidden]`, before the activations, and
 * `[batch, hidden]` twice, of the states before the first step.
 */
export interface LstmGradInputs {
  /** `[batch, time, hidden]` */
  readonly dOutput: TensorInfo
  /** `[batch, hidden]`: gradient of the state after the last step, beside what is in `dOutput`. */
  readonly dHidden: TensorInfo
  /** `[batch, hidden]` */
  readonly dCell: TensorInfo
  readonly gates: TensorInfo
  readonly cells: TensorInfo
  /** `[batch, hidden]`: the cell before the first step. */
  readonly cell: TensorInfo
  readonly recurrentWeight: TensorInfo
}

/** Gates lie side by side in the order input, forget, candidate, output, as in PyTorch. */
export interface LstmOperands extends RecurrentOperands {
  /** `[batch, hidden]`: the cell before the first step. Absent: 0. */
  readonly cell?: Tensor | undefined
}

export interface LstmResult {
  /** `[batch, time, hidden]` */
  readonly output: Tensor
  /** `[batch, hidden]` after the last step: the last of `output`. */
  readonly hidden: Tensor
  /** `[batch, hidden]` after the last step. */
  readonly cell: Tensor
}

/** What a forward gives, and what the way back needs. */
export interface LstmForward extends LstmResult {
  /** `[batch, time, hidden]`: after each step. */
  readonly cells: Tensor
  /** `[batch, time, 4 · hidden]` */
  readonly gates: Tensor
}

export interface LstmTrace {
  readonly gates: Tensor
  readonly cells: Tensor
  readonly cell: Tensor
  readonly recurrentWeight: Tensor
}

export interface LstmStateGradients {
  /** `[batch, time, 4 · hidden]`, before the activations. */
  readonly dGates: Tensor
  readonly dHidden: Tensor
  readonly dCell: Tensor
}

/**
 * A layer of long short-term memory over a whole sequence (Hochreiter & Schmidhuber 1997; PyTorch's formulas):
 * `i, f, o = σ(…)`, `g = tanh(…)` of `x · inputWeight + h · recurrentWeight` and both biases, `c' = f · c + i · g`,
 * `h' = o · tanh(c')`.
 *
 * One node of the tape, and one kernel each way (`LevinLstm`, `LevinLstmGrad`); the gradients of weights, biases and x are one
 * product or sum each. Keeps x, the weights, the output, and for each step the gates and cells: 6 numbers per hidden unit
 * and step.
 */
export function lstmSequence(operands: LstmOperands): LstmResult {
  const { x, inputWeight, recurrentWeight } = operands
  const sizes = checkedSizes(operands)
  const state = [sizes.batch, sizes.hidden]
  const [output, hidden, cell] = recordNode({
    name: 'lstmSequence',
    inputs: { ...recurrentInputs(operands), cell: operands.cell },
    forward(save): Tensor[] {
      const [firstHidden, firstCell] = [operands.hidden ?? zeros(state), operands.cell ?? zeros(state)]
      const { output, cells, gates, hidden, cell } = forward(operands, firstHidden, firstCell)
      save([x, inputWeight, recurrentWeight, output, cells, gates, firstHidden, firstCell])
      return [output, hidden, cell]
    },
    backward(_dy, saved, dys) {
      const [x, inputWeight, recurrentWeight, output, cells, gates, hidden, cell] = saved as Saved
      const [dOutput, dHidden, dCell] = dys as [Tensor, Tensor, Tensor]
      const gradients = backward(dOutput, dHidden, dCell, { gates, cells, cell, recurrentWeight })
      const { dGates } = gradients
      return {
        x: () => product(dGates, inputWeight, 'b', x.shape),
        inputWeight: () => product(x, dGates, 'a'),
        recurrentWeight: () => product(statesBefore(hidden, output), dGates, 'a'),
        ...biasGradients(dGates),
        hidden: () => gradients.dHidden,
        cell: () => gradients.dCell,
      }
    },
  }) as [Tensor, Tensor, Tensor]
  return { output, hidden, cell }
}

// --- Internal helpers ---

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

function forward(operands: LstmOperands, hidden: Tensor, cell: Tensor): LstmForward {
  const inputs = { ...recurrentInputs(operands), hidden, cell }
  if (!hasKernel(kernelNames.lstm) || operands.x.size * hidden.size === 0) return composedLstm(operands, hidden, cell)
  const [output, lastHidden, lastCell, cells, gates] = callOwnKernel(kernelNames.lstm, inputs, {}) as Five
  return { output, hidden: lastHidden, cell: lastCell, cells, gates }
}

type Five = [Tensor, Tensor, Tensor, Tensor, Tensor]

function backward(dOutput: Tensor, dHidden: Tensor, dCell: Tensor, trace: LstmTrace): LstmStateGradients {
  if (!hasKernel(kernelNames.lstmGrad) || dOutput.size === 0) {
    return composedLstmGradients(dOutput, dHidden, dCell, trace)
  }
  const outputs = callOwnKernel(kernelNames.lstmGrad, { dOutput, dHidden, dCell, ...trace }, {})
  const [dGates, dFirstHidden, dFirstCell] = outputs as [Tensor, Tensor, Tensor]
  return { dGates, dHidden: dFirstHidden, dCell: dFirstCell }
}

function checkedSizes(operands: LstmOperands): RecurrentSizes {
  const sizes = checkedRecurrence('lstmSequence', 4, operands)
  const { cell } = operands
  if (cell !== undefined) {
    checkFloat('lstmSequence', 'cell', cell)
    checkShape('lstmSequence', 'cell', cell, [sizes.batch, sizes.hidden], 'batch of `x`, rows of `recurrentWeight`')
  }
  return sizes
}
