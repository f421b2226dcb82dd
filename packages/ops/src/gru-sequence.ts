import { type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { gruBackwards, gruStep } from './gru-gates.js'
import {
  affine,
  checkedRecurrence,
  joinSteps,
  product,
  type RecurrentOperands,
  type RecurrentSizes,
  statesBefore,
  sumOfRows,
} from './sequence-steps.js'
import { recordNode } from './tape-node.js'

export interface GruResult {
  /** `[batch, time, hidden]` */
  readonly output: Tensor
  /** `[batch, hidden]` after the last step: the last of `output`. */
  readonly hidden: Tensor
}

/**
 * A layer of gated recurrent units over a whole sequence (Cho et al. 2014; PyTorch's formulas, gates in the order reset,
 * update, candidate): `r, z = σ(…)` of `x · inputWeight + h · recurrentWeight` and both biases,
 * `n = tanh(x part + r · (h part))`, `h' = (1 - z) · n + z · h`.
 *
 * One node of the tape. The input's part of all steps is one product; each step adds one product and the gates
 * (`LevinGruGates`). Backward through time likewise, and the gradients of weights, biases and x are one product or sum each.
 * Keeps x, the weights, the output and the gates of each step: 5 numbers per hidden unit and step.
 */
export function gruSequence(operands: RecurrentOperands): GruResult {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias } = operands
  const sizes = checkedRecurrence('gruSequence', 3, operands)
  const [output, hidden] = recordNode({
    name: 'gruSequence',
    inputs: { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden: operands.hidden },
    forward(save): Tensor[] {
      const first = operands.hidden ?? zeros([sizes.batch, sizes.hidden])
      const { output, gates, hidden } = forward(operands, sizes, first)
      save([x, inputWeight, recurrentWeight, output, gates, first])
      return [output, hidden]
    },
    backward(_dy, saved, dys) {
      const [x, inputWeight, recurrentWeight, output, gates, hidden] = saved as Saved
      const [dOutput, dHidden] = dys as [Tensor, Tensor]
      const before = statesBefore(hidden, output)
      const gradients = gruBackwards(dOutput, dHidden, { gates, statesBefore: before, recurrentWeight })
      return {
        x: () => product(gradients.dProjected, inputWeight, 'b', x.shape),
        inputWeight: () => product(x, gradients.dProjected, 'a'),
        recurrentWeight: () => product(before, gradients.dRecurrent, 'a'),
        inputBias: () => sumOfRows(gradients.dProjected),
        recurrentBias: () => sumOfRows(gradients.dRecurrent),
        hidden: () => gradients.dHidden,
      }
    },
  }) as [Tensor, Tensor]
  return { output, hidden }
}

// --- Internal helpers ---

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

function forward(operands: RecurrentOperands, sizes: RecurrentSizes, first: Tensor) {
  return tidy(() => {
    const { recurrentWeight, inputBias, recurrentBias } = operands
    const projected = affine(operands.x, operands.inputWeight, inputBias)
    const [outputs, gates] = [[], []] as [Tensor[], Tensor[]]
    let hidden = first
    for (let step = 0; step < sizes.time; step++) {
      const recurrent = affine(hidden, recurrentWeight, recurrentBias)
      const now = gruStep(projected, recurrent, hidden, step)
      hidden = now.hidden
      outputs.push(hidden)
      gates.push(now.gates)
    }
    return { output: joinSteps(outputs), gates: joinSteps(gates), hidden }
  })
}
