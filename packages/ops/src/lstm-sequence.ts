import { add, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { checkFloat, checkShape } from './checks.js'
import { lstmBackwards, lstmStep } from './lstm-gates.js'
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

/**
 * A layer of long short-term memory over a whole sequence (Hochreiter & Schmidhuber 1997; PyTorch's formulas):
 * `i, f, o = σ(…)`, `g = tanh(…)` of `x · inputWeight + h · recurrentWeight` and both biases, `c' = f · c + i · g`,
 * `h' = o · tanh(c')`.
 *
 * One node of the tape. The input's part of all steps is one product; each step adds one product and the gates
 * (`LevinLstmGates`). Backward through time likewise, and the gradients of weights, biases and x are one product or sum each.
 * Keeps x, the weights, the output, and for each step the gates and cells: 6 numbers per hidden unit and step.
 */
export function lstmSequence(operands: LstmOperands): LstmResult {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias } = operands
  const sizes = checkedSizes(operands)
  const state = [sizes.batch, sizes.hidden]
  const [output, hidden, cell] = recordNode({
    name: 'lstmSequence',
    inputs: {
      x,
      inputWeight,
      recurrentWeight,
      inputBias,
      recurrentBias,
      hidden: operands.hidden,
      cell: operands.cell,
    },
    forward(save): Tensor[] {
      const first = [operands.hidden ?? zeros(state), operands.cell ?? zeros(state)] as const
      const { output, cells, gates, hidden, cell } = forward(operands, sizes, ...first)
      save([x, inputWeight, recurrentWeight, output, cells, gates, ...first])
      return [output, hidden, cell]
    },
    backward(_dy, saved, dys) {
      const [x, inputWeight, recurrentWeight, output, cells, gates, hidden, cell] = saved as Saved
      const [dOutput, dHidden, dCell] = dys as [Tensor, Tensor, Tensor]
      const trace = { gates, cells, cellsBefore: statesBefore(cell, cells), recurrentWeight }
      const gradients = lstmBackwards(dOutput, dHidden, dCell, trace)
      return {
        x: () => product(gradients.dGates, inputWeight, 'b', x.shape),
        inputWeight: () => product(x, gradients.dGates, 'a'),
        recurrentWeight: () => product(statesBefore(hidden, output), gradients.dGates, 'a'),
        inputBias: () => sumOfRows(gradients.dGates),
        recurrentBias: () => sumOfRows(gradients.dGates),
        hidden: () => gradients.dHidden,
        cell: () => gradients.dCell,
      }
    },
  }) as [Tensor, Tensor, Tensor]
  return { output, hidden, cell }
}

// --- Internal helpers ---

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

function forward(operands: LstmOperands, sizes: RecurrentSizes, firstHidden: Tensor, firstCell: Tensor) {
  return tidy(() => {
    const { recurrentWeight, inputBias, recurrentBias } = operands
    const bias = inputBias && recurrentBias ? add(inputBias, recurrentBias) : (inputBias ?? recurrentBias)
    const projected = affine(operands.x, operands.inputWeight, bias)
    const [outputs, cells, gates] = [[], [], []] as [Tensor[], Tensor[], Tensor[]]
    let [hidden, cell] = [firstHidden, firstCell]
    for (let step = 0; step < sizes.time; step++) {
      const now = lstmStep(projected, product(hidden, recurrentWeight), cell, step)
      ;({ hidden, cell } = now)
      outputs.push(hidden)
      cells.push(cell)
      gates.push(now.gates)
    }
    return { output: joinSteps(outputs), cells: joinSteps(cells), gates: joinSteps(gates), hidden, cell }
  })
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
