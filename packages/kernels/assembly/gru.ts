// A layer of GRU over a whole sequence (Cho et al. 2014; the reset gate after the product, as in PyTorch), forward and back
// through time; see lstm.ts for the way through. Kept of each step: reset, update, candidate, and the state's part of the
// candidate, which the reset gate scales.
import { get, put } from './lanes'
import { matmul, matmulWorkspace } from './matmul'
import { addBiases, squash } from './recurrent'
import { gateTanh, sigmoidSlope, tanhSlope } from './squash'

/** Bytes of workspace that either direction needs. */
export function gruWorkspace(batch: i32, time: i32, inputs: i32, size: i32): i32 {
  const products = max(matmulWorkspace(batch * time, 3 * size, inputs), matmulWorkspace(batch, 3 * size, 3 * size))
  return products + (batch + 1) * 12 * size + 64
}

@inline
function stateElement(
  gates: usize, recurrent: usize, inputBias: usize, recurrentBias: usize, hidden: usize, output: usize, wide: usize,
  whole: bool,
): void {
  const reset = get(gates, whole)
  const update = get(gates + wide, whole)
  let fromState = get(recurrent, whole)
  if (recurrentBias !== 0) fromState = f32x4.add(fromState, get(recurrentBias, whole))
  let fromInput = get(gates + 2 * wide, whole)
  if (inputBias !== 0) fromInput = f32x4.add(fromInput, get(inputBias, whole))
  const candidate = gateTanh(f32x4.add(fromInput, f32x4.mul(reset, fromState)))
  const h = f32x4.add(candidate, f32x4.mul(update, f32x4.sub(get(hidden, whole), candidate)))
  put(gates + 2 * wide, candidate, whole)
  put(gates + 3 * wide, fromState, whole)
  put(hidden, h, whole)
  put(output, h, whole)
}

/** The candidate and the state of one sample after one step. */
function stateRow(
  gates: usize, recurrent: usize, inputBias: usize, recurrentBias: usize, hidden: usize, output: usize, wide: usize,
): void {
  const vectors = wide & ~15
  let at: usize = 0
  for (; at < wide; ) {
    const i = inputBias !== 0 ? inputBias + at : 0
    const r = recurrentBias !== 0 ? recurrentBias + at : 0
    if (at < vectors) {
      stateElement(gates + at, recurrent + at, i, r, hidden + at, output + at, wide, true)
      at += 16
    } else {
      stateElement(gates + at, recurrent + at, i, r, hidden + at, output + at, wide, false)
      at += 4
    }
  }
}

/**
 * `x[batch, time, inputs]`; weights `[inputs, 3 size]` and `[size, 3 size]`, biases `[3 size]` or 0. Fills `output`
 * `[batch, time, size]` and `gates` `[batch, time, 4 size]`; `hidden` `[batch, size]` holds the first state, then the last.
 */
export function gru(
  x: usize,
  inputWeight: usize,
  recurrentWeight: usize,
  inputBias: usize,
  recurrentBias: usize,
  hidden: usize,
  output: usize,
  gates: usize,
  batch: i32,
  time: i32,
  inputs: i32,
  size: i32,
  workspace: usize,
): void {
  const wide = <usize>size << 2
  const bias = workspace
  const recurrent = bias + wide * 2
  const rest = recurrent + <usize>batch * (wide * 3)
  addBiases(inputBias, recurrentBias, bias, 2 * size)
  const ofInput = inputBias !== 0 ? inputBias + 2 * wide : 0
  const ofState = recurrentBias !== 0 ? recurrentBias + 2 * wide : 0
  // Three gates wide, in rows of four: the last place is for the state's part.
  matmul(false, false, batch * time, 3 * size, inputs, x, inputs, inputWeight, 3 * size, gates, 4 * size, false, rest)
  for (let t = 0; t < time; t++) {
    matmul(
      false, false, batch, 3 * size, size, hidden, size, recurrentWeight, 3 * size, recurrent, 3 * size, false, rest,
    )
    for (let n = 0; n < batch; n++) {
      const row = <usize>(n * time + t) * wide
      const g = gates + row * 4
      const r = recurrent + <usize>n * (wide * 3)
      squash(g, r, bias, 2 * size)
      stateRow(g, r + 2 * wide, ofInput, ofState, hidden + <usize>n * wide, output + row, wide)
    }
  }
}

@inline
function elementGradient(
  dOutput: usize, dHidden: usize, gates: usize, before: usize, dProjected: usize, dRecurrent: usize, step: usize,
  wide: usize, whole: bool,
): void {
  const reset = get(gates, whole)
  const update = get(gates + wide, whole)
  const candidate = get(gates + 2 * wide, whole)
  const fromState = get(gates + 3 * wide, whole)
  const dh = f32x4.add(get(dOutput, whole), get(dHidden, whole))
  const dCandidate = f32x4.mul(dh, f32x4.mul(f32x4.sub(f32x4.splat(1), update), tanhSlope(candidate)))
  const dReset = f32x4.mul(dCandidate, f32x4.mul(fromState, sigmoidSlope(reset)))
  put(dProjected, dReset, whole)
  put(dRecurrent, dReset, whole)
  put(step, dReset, whole)
  const dUpdate = f32x4.mul(dh, f32x4.mul(f32x4.sub(get(before, whole), candidate), sigmoidSlope(update)))
  put(dProjected + wide, dUpdate, whole)
  put(dRecurrent + wide, dUpdate, whole)
  put(step + wide, dUpdate, whole)
  const dFromState = f32x4.mul(dCandidate, reset)
  put(dProjected + 2 * wide, dCandidate, whole)
  put(dRecurrent + 2 * wide, dFromState, whole)
  put(step + 2 * wide, dFromState, whole)
  put(dHidden, f32x4.mul(dh, update), whole)
}

/** The gradients of one sample at one step; `dHidden` keeps the part that does not go through the recurrent product. */
function rowGradient(
  dOutput: usize, dHidden: usize, gates: usize, before: usize, dProjected: usize, dRecurrent: usize, step: usize,
  wide: usize,
): void {
  const vectors = wide & ~15
  let at: usize = 0
  for (; at < vectors; at += 16) {
    elementGradient(
      dOutput + at, dHidden + at, gates + at, before + at, dProjected + at, dRecurrent + at, step + at, wide, true,
    )
  }
  for (; at < wide; at += 4) {
    elementGradient(
      dOutput + at, dHidden + at, gates + at, before + at, dProjected + at, dRecurrent + at, step + at, wide, false,
    )
  }
}

/**
 * Back through time: fills `dProjected` and `dRecurrent` `[batch, time, 3 size]`, of the two parts of the gates before the
 * activations; `dHidden` holds the gradient of the last state, then of the first. `hidden` is the first state.
 */
export function gruGradient(
  dOutput: usize,
  gates: usize,
  output: usize,
  hidden: usize,
  recurrentWeight: usize,
  dHidden: usize,
  dProjected: usize,
  dRecurrent: usize,
  batch: i32,
  time: i32,
  size: i32,
  workspace: usize,
): void {
  const wide = <usize>size << 2
  const step = workspace
  const rest = step + <usize>batch * (wide * 3)
  for (let t = time - 1; t >= 0; t--) {
    for (let n = 0; n < batch; n++) {
      const row = <usize>(n * time + t) * wide
      const state = <usize>n * wide
      const before = t === 0 ? hidden + state : output + row - wide
      rowGradient(
        dOutput + row, dHidden + state, gates + row * 4, before, dProjected + row * 3, dRecurrent + row * 3,
        step + state * 3, wide,
      )
    }
    matmul(false, true, batch, size, 3 * size, step, 3 * size, recurrentWeight, 3 * size, dHidden, size, true, rest)
  }
}
