import { add, concat, mul, sigmoid, square, sub, type Tensor, tanh, tidy } from '@tensorflow/tfjs-core'
import type { GruForward, GruStateGradients, GruTrace } from './gru-sequence.js'
import { affine, gateOf, joinSteps, product, type RecurrentOperands, statesBefore, stepOf } from './sequence-steps.js'

/** A layer of GRU composed of tfjs ops, step by step, for backends without the kernel. */
export function composedGru(operands: RecurrentOperands, first: Tensor): GruForward {
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias } = operands
  return tidy(() => {
    const projected = affine(x, inputWeight, inputBias)
    const [outputs, gates] = [[], []] as [Tensor[], Tensor[]]
    let hidden = first
    for (let step = 0; step < (x.shape[1] as number); step++) {
      const now = oneStep(projected, affine(hidden, recurrentWeight, recurrentBias), hidden, step)
      hidden = now.hidden
      outputs.push(hidden)
      gates.push(now.gates)
    }
    return { output: joinSteps(outputs), gates: joinSteps(gates), hidden }
  })
}

/**
 * Back through time. What depends on the kept values alone is computed for all steps at once: a few large ops instead of
 * many small ones.
 */
export function composedGruGradients(
  dOutput: Tensor,
  dHidden: Tensor,
  { gates, output, hidden, recurrentWeight }: GruTrace,
): GruStateGradients {
  return tidy(() => {
    const [time, size] = output.shape.slice(1) as [number, number]
    const [reset, update, candidate, fromState] = [0, 1, 2, 3].map((index) => gateOf(gates, index, size)) as Four
    const slope = (x: Tensor) => mul(x, sub(1, x))
    const throughCandidate = mul(sub(1, update), sub(1, square(candidate)))
    const throughReset = mul(mul(throughCandidate, fromState), slope(reset))
    const throughUpdate = mul(sub(statesBefore(hidden, output), candidate), slope(update))
    const ofProjected = concat([throughReset, throughUpdate, throughCandidate], 2)
    const ofRecurrent = concat([throughReset, throughUpdate, mul(throughCandidate, reset)], 2)
    const [projected, recurrent] = [new Array<Tensor>(time), new Array<Tensor>(time)]
    let state = dHidden
    for (let step = time - 1; step >= 0; step--) {
      const later = state
      const [dProjected, dRecurrent, before] = tidy((): [Tensor, Tensor, Tensor] => {
        const dh = add(stepOf(dOutput, step), later)
        const wide = concat([dh, dh, dh], 1)
        const dRecurrent = mul(wide, stepOf(ofRecurrent, step))
        const direct = mul(dh, stepOf(update, step))
        return [
          mul(wide, stepOf(ofProjected, step)),
          dRecurrent,
          add(direct, product(dRecurrent, recurrentWeight, 'b')),
        ]
      })
      projected[step] = dProjected
      recurrent[step] = dRecurrent
      state = before
    }
    return { dProjected: joinSteps(projected), dRecurrent: joinSteps(recurrent), dHidden: state }
  })
}

// --- Internal helpers ---

type Four = [Tensor, Tensor, Tensor, Tensor]

function oneStep(
  projected: Tensor,
  recurrent: Tensor,
  hidden: Tensor,
  step: number,
): { hidden: Tensor; gates: Tensor } {
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
