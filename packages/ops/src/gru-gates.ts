import { add, concat, mul, sigmoid, square, sub, type Tensor, type TensorInfo, tanh, tidy } from '@tensorflow/tfjs-core'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import type { StepAttrs } from './lstm-gates.js'
import { gateOf, joinSteps, product, stepOf } from './sequence-steps.js'

/**
 * Inputs of `LevinGruGates`, one step of a sequence. Outputs: `[hidden, gates]`: the new state `[batch, hidden]`, and
 * `[batch, 4 · hidden]`: reset, update and candidate after their activations, and the recurrent part of the candidate.
 */
export interface GruGatesInputs {
  /** `[batch, time, 3 · hidden]`: the input's part of all gates at all steps, its bias included. */
  readonly projected: TensorInfo
  /** `[batch, 3 · hidden]`: the recurrent part at this step, its bias included. */
  readonly recurrent: TensorInfo
  /** `[batch, hidden]`: the state before this step. */
  readonly hidden: TensorInfo
}

/**
 * Inputs of `LevinGruGatesGrad`. Outputs: `[dProjected, dRecurrent, dHidden]`: `[batch, 3 · hidden]` twice, and the part of
 * the gradient of the state before that does not come through the recurrent product, `[batch, hidden]`.
 */
export interface GruGatesGradInputs {
  /** `[batch, time, hidden]`: gradient of all outputs. */
  readonly dOutput: TensorInfo
  /** `[batch, hidden]`: what the next step adds to the gradient of this step's output. */
  readonly dHidden: TensorInfo
  /** `[batch, time, 4 · hidden]`: the gates of all steps as the forward gives them. */
  readonly gates: TensorInfo
  /** `[batch, time, hidden]`: the states before each step. */
  readonly statesBefore: TensorInfo
}

export interface GruStep {
  hidden: Tensor
  gates: Tensor
}

/** One step forward. */
export function gruStep(projected: Tensor, recurrent: Tensor, hidden: Tensor, step: number): GruStep {
  if (hasKernel(kernelNames.gruGates)) {
    const attrs: StepAttrs = { step }
    const outputs = callOwnKernel(kernelNames.gruGates, { projected, recurrent, hidden }, attrs)
    const [next, gates] = outputs as [Tensor, Tensor]
    return { hidden: next, gates }
  }
  return tidy(() => {
    const size = hidden.shape[1] as number
    const fromInput = stepOf(projected, step)
    const ahead = sigmoid(add(gateOf(fromInput, 0, size, 2), gateOf(recurrent, 0, size, 2)))
    const fromState = gateOf(recurrent, 2, size)
    const candidate = tanh(add(gateOf(fromInput, 2, size), mul(gateOf(ahead, 0, size), fromState)))
    const update = gateOf(ahead, 1, size)
    const next = add(candidate, mul(update, sub(hidden, candidate)))
    return { hidden: next, gates: concat([ahead, candidate, fromState], 1) }
  })
}

export interface GruTrace {
  /** `[batch, time, 4 · hidden]` */
  gates: Tensor
  /** `[batch, time, hidden]` */
  statesBefore: Tensor
  /** `[hidden, 3 · hidden]` */
  recurrentWeight: Tensor
}

export interface GruStateGradients {
  /** `[batch, time, 3 · hidden]`: of the input's part of the gates. */
  dProjected: Tensor
  /** `[batch, time, 3 · hidden]`: of the recurrent part. */
  dRecurrent: Tensor
  dHidden: Tensor
}

/** Back through time: from the gradients of all outputs and of the last state to those of all gates and the first state. */
export function gruBackwards(dOutput: Tensor, dHidden: Tensor, trace: GruTrace): GruStateGradients {
  return tidy(() => {
    const stepBack = hasKernel(kernelNames.gruGatesGrad) ? kernelStep(dOutput, trace) : composedStep(dOutput, trace)
    const time = dOutput.shape[1] as number
    const [projected, recurrent] = [new Array<Tensor>(time), new Array<Tensor>(time)]
    let state = dHidden
    for (let step = time - 1; step >= 0; step--) {
      const [dProjected, dRecurrent, direct] = stepBack(step, state)
      projected[step] = dProjected
      recurrent[step] = dRecurrent
      state = add(direct, product(dRecurrent, trace.recurrentWeight, 'b'))
    }
    return { dProjected: joinSteps(projected), dRecurrent: joinSteps(recurrent), dHidden: state }
  })
}

// --- Internal helpers ---

/** From the gradient of a step's state to those of both parts of its gates, and of the state before. */
type StepBack = (step: number, dHidden: Tensor) => [Tensor, Tensor, Tensor]

function kernelStep(dOutput: Tensor, { gates, statesBefore }: GruTrace): StepBack {
  return (step, dHidden) => {
    const inputs = { dOutput, dHidden, gates, statesBefore }
    return callOwnKernel(kernelNames.gruGatesGrad, inputs, { step }) as [Tensor, Tensor, Tensor]
  }
}

/** What depends on the kept values alone is computed for all steps at once: a few large ops instead of many small ones. */
function composedStep(dOutput: Tensor, { gates, statesBefore }: GruTrace): StepBack {
  const size = statesBefore.shape[2] as number
  const gate = (index: number) => gateOf(gates, index, size)
  const [reset, update, candidate, fromState] = [gate(0), gate(1), gate(2), gate(3)]
  const slope = (x: Tensor) => mul(x, sub(1, x))
  const throughCandidate = mul(sub(1, update), sub(1, square(candidate)))
  const throughReset = mul(mul(throughCandidate, fromState), slope(reset))
  const throughUpdate = mul(sub(statesBefore, candidate), slope(update))
  const ofProjected = concat([throughReset, throughUpdate, throughCandidate], 2)
  const ofRecurrent = concat([throughReset, throughUpdate, mul(throughCandidate, reset)], 2)
  return (step, dHidden) =>
    tidy(() => {
      const dh = add(stepOf(dOutput, step), dHidden)
      const wide = concat([dh, dh, dh], 1)
      return [mul(wide, stepOf(ofProjected, step)), mul(wide, stepOf(ofRecurrent, step)), mul(dh, stepOf(update, step))]
    })
}
