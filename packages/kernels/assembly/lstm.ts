// A layer of LSTM over a whole sequence (Hochreiter & Schmidhuber 1997, with forget gates), forward and back through time.
// The input's part of all gates is one product, which lies where the gates will be; each step adds the recurrent product,
// kept small enough for the cache, and turns its rows into gates where they lie. Gates: input, forget, candidate, output.
import { get, put } from './lanes'
import { matmul, matmulWorkspace } from './matmul'
import { addBiases, squash, squashTanh } from './recurrent'
import { gateTanh, sigmoidSlope, tanhSlope } from './squash'

/** Bytes of workspace that either direction needs. */
export function lstmWorkspace(batch: i32, time: i32, inputs: i32, size: i32): i32 {
  const products = max(matmulWorkspace(batch * time, 4 * size, inputs), matmulWorkspace(batch, 4 * size, 4 * size))
  return products + (batch + 1) * 16 * size + 64
}

@inline
function stateElement(
  gates: usize, cell: usize, cells: usize, hidden: usize, output: usize, wide: usize, whole: bool,
): void {
  const kept = f32x4.mul(get(gates + wide, whole), get(cell, whole))
  const c = f32x4.add(kept, f32x4.mul(get(gates, whole), get(gates + 2 * wide, whole)))
  const h = f32x4.mul(get(gates + 3 * wide, whole), gateTanh(c))
  put(cell, c, whole)
  put(cells, c, whole)
  put(hidden, h, whole)
  put(output, h, whole)
}

/** The states of one sample after one step, from its gates. */
function stateRow(gates: usize, cell: usize, cells: usize, hidden: usize, output: usize, wide: usize): void {
  const vectors = wide & ~15
  let at: usize = 0
  for (; at < vectors; at += 16) stateElement(gates + at, cell + at, cells + at, hidden + at, output + at, wide, true)
  for (; at < wide; at += 4) stateElement(gates + at, cell + at, cells + at, hidden + at, output + at, wide, false)
}

/**
 * `x[batch, time, inputs]`; weights `[inputs, 4 size]` and `[size, 4 size]`, biases `[4 size]` or 0. Fills `output` and `cells`
 * `[batch, time, size]`, `gates` `[batch, time, 4 size]`; `hidden` and `cell` `[batch, size]` hold the first states, then the last.
 */
export function lstm(
  x: usize,
  inputWeight: usize,
  recurrentWeight: usize,
  inputBias: usize,
  recurrentBias: usize,
  hidden: usize,
  cell: usize,
  output: usize,
  cells: usize,
  gates: usize,
  batch: i32,
  time: i32,
  inputs: i32,
  size: i32,
  workspace: usize,
): void {
  const wide = <usize>size << 2
  const bias = workspace
  const recurrent = bias + wide * 4
  const rest = recurrent + <usize>batch * (wide * 4)
  addBiases(inputBias, recurrentBias, bias, 4 * size)
  matmul(false, false, batch * time, 4 * size, inputs, x, inputs, inputWeight, 4 * size, gates, 4 * size, false, rest)
  for (let t = 0; t < time; t++) {
    matmul(
      false, false, batch, 4 * size, size, hidden, size, recurrentWeight, 4 * size, recurrent, 4 * size, false, rest,
    )
    for (let n = 0; n < batch; n++) {
      const row = <usize>(n * time + t) * wide
      const g = gates + row * 4
      const r = recurrent + <usize>n * (wide * 4)
      squash(g, r, bias, 2 * size)
      squashTanh(g + 2 * wide, r + 2 * wide, bias + 2 * wide, size)
      squash(g + 3 * wide, r + 3 * wide, bias + 3 * wide, size)
      const state = <usize>n * wide
      stateRow(g, cell + state, cells + row, hidden + state, output + row, wide)
    }
  }
}

@inline
function elementGradient(
  dOutput: usize, dHidden: usize, dCell: usize, gates: usize, cells: usize, before: usize, dGates: usize, step: usize,
  wide: usize, whole: bool,
): void {
  const i = get(gates, whole)
  const f = get(gates + wide, whole)
  const g = get(gates + 2 * wide, whole)
  const o = get(gates + 3 * wide, whole)
  const squashed = gateTanh(get(cells, whole))
  const dh = f32x4.add(get(dOutput, whole), get(dHidden, whole))
  const dc = f32x4.add(get(dCell, whole), f32x4.mul(dh, f32x4.mul(o, tanhSlope(squashed))))
  const di = f32x4.mul(dc, f32x4.mul(g, sigmoidSlope(i)))
  put(dGates, di, whole)
  put(step, di, whole)
  const df = f32x4.mul(dc, f32x4.mul(get(before, whole), sigmoidSlope(f)))
  put(dGates + wide, df, whole)
  put(step + wide, df, whole)
  const dg = f32x4.mul(dc, f32x4.mul(i, tanhSlope(g)))
  put(dGates + 2 * wide, dg, whole)
  put(step + 2 * wide, dg, whole)
  const dO = f32x4.mul(dh, f32x4.mul(squashed, sigmoidSlope(o)))
  put(dGates + 3 * wide, dO, whole)
  put(step + 3 * wide, dO, whole)
  put(dCell, f32x4.mul(dc, f), whole)
}

/** The gradients of one sample at one step, at `dGates` and again at `step`; `dCell` becomes that of the cell before. */
function rowGradient(
  dOutput: usize, dHidden: usize, dCell: usize, gates: usize, cells: usize, before: usize, dGates: usize, step: usize,
  wide: usize,
): void {
  const vectors = wide & ~15
  let at: usize = 0
  for (; at < vectors; at += 16) {
    elementGradient(
      dOutput + at, dHidden + at, dCell + at, gates + at, cells + at, before + at, dGates + at, step + at, wide, true,
    )
  }
  for (; at < wide; at += 4) {
    elementGradient(
      dOutput + at, dHidden + at, dCell + at, gates + at, cells + at, before + at, dGates + at, step + at, wide, false,
    )
  }
}

/**
 * Back through time: fills `dGates` `[batch, time, 4 size]`, before the activations; `dHidden` and `dCell` hold the gradients of
 * the last states, then of the first. `cell` is the first cell.
 */
export function lstmGradient(
  dOutput: usize,
  gates: usize,
  cells: usize,
  cell: usize,
  recurrentWeight: usize,
  dHidden: usize,
  dCell: usize,
  dGates: usize,
  batch: i32,
  time: i32,
  size: i32,
  workspace: usize,
): void {
  const wide = <usize>size << 2
  const step = workspace
  const rest = step + <usize>batch * (wide * 4)
  for (let t = time - 1; t >= 0; t--) {
    for (let n = 0; n < batch; n++) {
      const row = <usize>(n * time + t) * wide
      const state = <usize>n * wide
      const before = t === 0 ? cell + state : cells + row - wide
      rowGradient(
        dOutput + row, dHidden + state, dCell + state, gates + row * 4, cells + row, before, dGates + row * 4,
        step + state * 4, wide,
      )
    }
    matmul(false, true, batch, size, 4 * size, step, 4 * size, recurrentWeight, 4 * size, dHidden, size, false, rest)
  }
}
