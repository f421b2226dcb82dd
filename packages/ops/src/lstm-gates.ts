import { add, concat, mul, sigmoid, square, sub, type Tensor, type TensorInfo, tanh, tidy } from '@tensorflow/tfjs-core'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { gateOf, joinSteps, product, stepOf } from './sequence-steps.js'

/**
 * Inputs of `LevinLstmGates`, one step of a sequence. Outputs: `[hidden, cell, gates]`: the new states `[batch, hidden]`,
 * and the gates after their activations, `[batch, 4 · hidden]`, in the order input, forget, candidate, output.
 */
export interface LstmGatesInputs {
  /** `[batch, time, 4 · hidden]`: the input's part of all gates at all steps, biases included. */
  readonly projected: TensorInfo
  /** `[batch, 4 · hidden]`: the recurrent part at this step. */
  readonly recurrent: TensorInfo
  /** `[batch, hidden]`: the cell before this step. */
  readonly cell: TensorInfo
}

/** Inputs of `LevinLstmGatesGrad`. Outputs: `[dGates, dCell]`: `[batch, 4 · hidden]` before the activations, and `[batch, hidden]`. */
export interface LstmGatesGradInputs {
  /** `[batch, time, hidden]`: gradient of all outputs. */
  readonly dOutput: TensorInfo
  /** `[batch, hidden]`: what the next step adds to the gradient of this step's output. */
  readonly dHidden: TensorInfo
  /** `[batch, hidden]`: gradient of the cell after this step. */
  readonly dCell: TensorInfo
  /** `[batch, time, 4 · hidden]`: the gates of all steps, activated. */
  readonly gates: TensorInfo
  /** `[batch, time, hidden]`: the cells after each step. */
  readonly cells: TensorInfo
  /** `[batch, time, hidden]`: the cells before each step. */
  readonly cellsBefore: TensorInfo
}

/** Which step of the sequence: kernels read it in place. */
export interface StepAttrs {
  readonly step: number
}

export interface LstmStep {
  hidden: Tensor
  cell: Tensor
  gates: Tensor
}

/** One step forward. */
export function lstmStep(projected: Tensor, recurrent: Tensor, cell: Tensor, step: number): LstmStep {
  if (hasKernel(kernelNames.lstmGates)) {
    const outputs = callOwnKernel(kernelNames.lstmGates, { projected, recurrent, cell }, { step })
    const [hidden, next, gates] = outputs as [Tensor, Tensor, Tensor]
    return { hidden, cell: next, gates }
  }
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

export interface LstmTrace {
  /** `[batch, time, 4 · hidden]` */
  gates: Tensor
  /** `[batch, time, hidden]` */
  cells: Tensor
  cellsBefore: Tensor
  /** `[hidden, 4 · hidden]` */
  recurrentWeight: Tensor
}

export interface LstmStateGradients {
  /** `[batch, time, 4 · hidden]`, before the activations. */
  dGates: Tensor
  dHidden: Tensor
  dCell: Tensor
}

/** Back through time: from the gradients of all outputs and of the last states to those of all gates and the first states. */
export function lstmBackwards(dOutput: Tensor, dHidden: Tensor, dCell: Tensor, trace: LstmTrace): LstmStateGradients {
  return tidy(() => {
    const stepBack = hasKernel(kernelNames.lstmGatesGrad) ? kernelStep(dOutput, trace) : composedStep(dOutput, trace)
    const time = dOutput.shape[1] as number
    const steps = new Array<Tensor>(time)
    let state: [Tensor, Tensor] = [dHidden, dCell]
    for (let step = time - 1; step >= 0; step--) {
      const [dGates, before] = stepBack(step, ...state)
      steps[step] = dGates
      state = [product(dGates, trace.recurrentWeight, 'b'), before]
    }
    return { dGates: joinSteps(steps), dHidden: state[0], dCell: state[1] }
  })
}

// --- Internal helpers ---

/** From the gradients of a step's states to those of its gates and of the cell before. */
type StepBack = (step: number, dHidden: Tensor, dCell: Tensor) => [Tensor, Tensor]

function kernelStep(dOutput: Tensor, { gates, cells, cellsBefore }: LstmTrace): StepBack {
  return (step, dHidden, dCell) => {
    const inputs = { dOutput, dHidden, dCell, gates, cells, cellsBefore }
    return callOwnKernel(kernelNames.lstmGatesGrad, inputs, { step }) as [Tensor, Tensor]
  }
}

/** What depends on the kept values alone is computed for all steps at once: a few large ops instead of many small ones. */
function composedStep(dOutput: Tensor, { gates, cells, cellsBefore }: LstmTrace): StepBack {
  const size = cells.shape[2] as number
  const [input, forget, candidate, output] = [0, 1, 2, 3].map((index) => gateOf(gates, index, size)) as Four
  const squashed = tanh(cells)
  const throughOutput = mul(output, sub(1, square(squashed)))
  const slope = (x: Tensor) => mul(x, sub(1, x))
  const factors = concat(
    [
      mul(candidate, slope(input)),
      mul(cellsBefore, slope(forget)),
      mul(input, sub(1, square(candidate))),
      mul(squashed, slope(output)),
    ],
    2,
  )
  return (step, dHidden, dCell) =>
    tidy(() => {
      const dh = add(stepOf(dOutput, step), dHidden)
      const dc = add(dCell, mul(dh, stepOf(throughOutput, step)))
      return [mul(concat([dc, dc, dc, dh], 1), stepOf(factors, step)), mul(dc, stepOf(forget, step))]
    })
}

type Four = [Tensor, Tensor, Tensor, Tensor]
