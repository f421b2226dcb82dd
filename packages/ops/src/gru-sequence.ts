import { type Tensor, type TensorInfo, zeros } from '@tensorflow/tfjs-core'
import { composedGru, composedGruGradients } from './gru-composed.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import {
  checkedRecurrence,
  product,
  type RecurrentOperands,
  type RecurrentTensors,
  recurrentInputs,
  statesBefore,
  sumOfRows,
} from './sequence-steps.js'
import { recordNode } from './tape-node.js'

/**
 * Inputs of `LevinGru`. Outputs: `[output, hidden, gates]`: `[batch, time, hidden]`; `[batch, hidden]` after the last step; and
 * `[batch, time, 4 · hidden]`: reset, update and candidate after their activations, and the recurrent part of the candidate.
 */
export type GruInputs = RecurrentTensors

/**
 * Inputs of `LevinGruGrad`. Outputs: `[dProjected, dRecurrent, dHidden]`: of the input's and of the state's part of the gates,
 * before the activations, `[batch, time, 3 · hidden]` each, and of the state before the first step.
 */
export interface GruGradInputs {
  /** `[batch, time, hidden]` */
  readonly dOutput: TensorInfo
  /** `[batch, hidden]`: gradient of the state after the last step, beside what is in `dOutput`. */
  readonly dHidden: TensorInfo
  readonly gates: TensorInfo
  readonly output: TensorInfo
  /** `[batch, hidden]`: the state before the first step. */
  readonly hidden: TensorInfo
  readonly recurrentWeight: TensorInfo
}

export interface GruResult {
  /** `[batch, time, hidden]` */
  readonly output: Tensor
  /** `[batch, hidden]` after the last step: the last of `output`. */
  readonly hidden: Tensor
}

/** What a forward gives, and what the way back needs. */
export interface GruForward extends GruResult {
  /** `[batch, time, 4 · hidden]` */
  readonly gates: Tensor
}

export interface GruTrace {
  readonly gates: Tensor
  readonly output: Tensor
  readonly hidden: Tensor
  /** `[hidden, 3 · hidden]` */
  readonly recurrentWeight: Tensor
}

export interface GruStateGradients {
  /** `[batch, time, 3 · hidden]`: of the input's part of the gates. */
  readonly dProjected: Tensor
  /** `[batch, time, 3 · hidden]`: of the recurrent part. */
  readonly dRecurrent: Tensor
  readonly dHidden: Tensor
}

/**
 * A layer of gated recurrent units over a whole sequence (Cho et al. 2014; PyTorch's formulas, gates in the order reset,
 * update, candidate): `r, z = σ(…)` of `x · inputWeight + h · recurrentWeight` and both biases,
 * `n = tanh(x part + r · (h part))`, `h' = (1 - z) · n + z · h`.
 *
 * One node of the tape, and one kernel each way (`LevinGru`, `LevinGruGrad`); the gradients of weights, biases and x are one
 * product or sum each. Keeps x, the weights, the output and the gates of each step: 5 numbers per hidden unit and step.
 */
export function gruSequence(operands: RecurrentOperands): GruResult {
  const { x, inputWeight, recurrentWeight } = operands
  const sizes = checkedRecurrence('gruSequence', 3, operands)
  const [output, hidden] = recordNode({
    name: 'gruSequence',
    inputs: recurrentInputs(operands),
    forward(save): Tensor[] {
      const first = operands.hidden ?? zeros([sizes.batch, sizes.hidden])
      const { output, gates, hidden } = forward(operands, first)
      save([x, inputWeight, recurrentWeight, output, gates, first])
      return [output, hidden]
    },
    backward(_dy, saved, dys) {
      const [x, inputWeight, recurrentWeight, output, gates, hidden] = saved as Saved
      const [dOutput, dHidden] = dys as [Tensor, Tensor]
      const gradients = backward(dOutput, dHidden, { gates, output, hidden, recurrentWeight })
      const { dProjected, dRecurrent } = gradients
      return {
        x: () => product(dProjected, inputWeight, 'b', x.shape),
        inputWeight: () => product(x, dProjected, 'a'),
        recurrentWeight: () => product(statesBefore(hidden, output), dRecurrent, 'a'),
        inputBias: () => sumOfRows(dProjected),
        recurrentBias: () => sumOfRows(dRecurrent),
        hidden: () => gradients.dHidden,
      }
    },
  }) as [Tensor, Tensor]
  return { output, hidden }
}

// --- Internal helpers ---

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

function forward(operands: RecurrentOperands, hidden: Tensor): GruForward {
  if (!hasKernel(kernelNames.gru) || operands.x.size * hidden.size === 0) return composedGru(operands, hidden)
  const outputs = callOwnKernel(kernelNames.gru, { ...recurrentInputs(operands), hidden }, {})
  const [output, last, gates] = outputs as [Tensor, Tensor, Tensor]
  return { output, hidden: last, gates }
}

function backward(dOutput: Tensor, dHidden: Tensor, trace: GruTrace): GruStateGradients {
  if (!hasKernel(kernelNames.gruGrad) || dOutput.size === 0) return composedGruGradients(dOutput, dHidden, trace)
  const outputs = callOwnKernel(kernelNames.gruGrad, { dOutput, dHidden, ...trace }, {})
  const [dProjected, dRecurrent, dFirst] = outputs as [Tensor, Tensor, Tensor]
  return { dProjected, dRecurrent, dHidden: dFirst }
}
