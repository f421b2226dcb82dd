import { add, concat, mul, sigmoid, square, sub, type Tensor, tanh, tidy } from '@tensorflow/tfjs-core'
import type { LstmForward, LstmOperands, LstmStateGradients, LstmTrace } from './lstm-sequence.js'
import { affine, gateOf, joinSteps, product, statesBefore, stepOf } from './sequence-steps.js'

/** A layer of LSTM composed of tfjs ops, step by step, for backends without the kernel. */
export function composedLstm(operands: LstmOperands, firstHidden: Tensor, firstCell: Tensor): LstmForward {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias } = operands
  return tidy(() => {
    const bias = inputBias && recurrentBias ? add(inputBias, recurrentBias) : (inputBias ?? recurrentBias)
    const projected = affine(x, inputWeight, bias)
    const [outputs, cells, gates] = [[], [], []] as [Tensor[], Tensor[], Tensor[]]
    let [hidden, cell] = [firstHidden, firstCell]
    for (let step = 0; step < (x.shape[1] as number); step++) {
      const now = oneStep(projected, product(hidden, recurrentWeight), cell, step)
      ;({ hidden, cell } = now)
      outputs.push(hidden)
      cells.push(cell)
      gates.push(now.gates)
    }
    return { output: joinSteps(outputs), cells: joinSteps(cells), gates: joinSteps(gates), hidden, cell }
  })
}

/**
 * Back through time. What depends on the kept values alone is computed for all steps at once: a few large ops instead of
 * many small ones.
 */
export function composedLstmGradients(
  dOutput: Tensor,
  dHidden: Tensor,
  dCell: Tensor,
  { gates, cells, cell, recurrentWeight }: LstmTrace,
): LstmStateGradients {
  return tidy(() => {
    const [time, size] = cells.shape.slice(1) as [number, number]
    const [input, forget, candidate, output] = [0, 1, 2, 3].map((index) => gateOf(gates, index, size)) as Four
    const squashed = tanh(cells)
    const throughOutput = mul(output, sub(1, square(squashed)))
    const slope = (x: Tensor) => mul(x, sub(1, x))
    const factors = concat(
      [
        mul(candidate, slope(input)),
        mul(statesBefore(cell, cells), slope(forget)),
        mul(input, sub(1, square(candidate))),
        mul(squashed, slope(output)),
      ],
      2,
    )
    const steps = new Array<Tensor>(time)
    let state: readonly [Tensor, Tensor] = [dHidden, dCell]
    for (let step = time - 1; step >= 0; step--) {
      const [dHidden, dCell] = state
      const [dGates, before] = tidy((): [Tensor, Tensor] => {
        const dh = add(stepOf(dOutput, step), dHidden)
        const dc = add(dCell, mul(dh, stepOf(throughOutput, step)))
        return [mul(concat([dc, dc, dc, dh], 1), stepOf(factors, step)), mul(dc, stepOf(forget, step))]
      })
      steps[step] = dGates
      state = [product(dGates, recurrentWeight, 'b'), before]
    }
    return { dGates: joinSteps(steps), dHidden: state[0], dCell: state[1] }
  })
}

// --- Internal helpers ---

type Four = [Tensor, Tensor, Tensor, Tensor]

interface Step {
  hidden: Tensor
  cell: Tensor
  gates: Tensor
}

function oneStep(projected: Tensor, recurrent: Tensor, cell: Tensor, step: number): Step {
  return tidy(() => {
    const size = cell.shape[1] as number
    const sums = add(stepOf(projected, step), recurrent)
    const ahead = sigmoid(gateOf(sums, 0, size, 2))
    const candidate = tanh(gateOf(sums, 2, size))
    const output = sigmoid(gateOf(sums, 3, size))
    const next = add(mul(gateOf(ahead, 1, size), cell), mul(gateOf(ahead, 0, size), candidate))
    return { hidden: mul(output, tanh(next)), cell: next, gates: concat([ahead, candidate, output], 1) }
  })
}
