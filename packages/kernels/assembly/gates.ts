// What follows the matrix products of a recurrent step: one pass over the gates of LSTM (Hochreiter & Schmidhuber 1997,
// with forget gates) and GRU (Cho et al. 2014), forward and backward. Of tensors with a time axis a step is read in place.
import { get, put } from './lanes'
import { sigmoid as inlineSigmoid, tanh as inlineTanh } from './math'

// Calls, not copies: a step has five of them, in whole vectors and for the rest, and the module shall stay small.
function sigmoid(x: v128): v128 {
  return inlineSigmoid(x)
}

function tanh(x: v128): v128 {
  return inlineTanh(x)
}

/** `v (1 − v)`, the slope of a sigmoid by its value. */
@inline
function slope(v: v128): v128 {
  return f32x4.mul(v, f32x4.sub(f32x4.splat(1), v))
}

/** `1 − v²`, the slope of tanh by its value. */
@inline
function tanhSlope(v: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(v, v))
}

@inline
function lstmElement(
  p: usize, r: usize, cell: usize, hidden: usize, next: usize, gates: usize, wide: usize, whole: bool,
): void {
  const i = sigmoid(f32x4.add(get(p, whole), get(r, whole)))
  const f = sigmoid(f32x4.add(get(p + wide, whole), get(r + wide, whole)))
  const g = tanh(f32x4.add(get(p + 2 * wide, whole), get(r + 2 * wide, whole)))
  const o = sigmoid(f32x4.add(get(p + 3 * wide, whole), get(r + 3 * wide, whole)))
  const c = f32x4.add(f32x4.mul(f, get(cell, whole)), f32x4.mul(i, g))
  put(gates, i, whole)
  put(gates + wide, f, whole)
  put(gates + 2 * wide, g, whole)
  put(gates + 3 * wide, o, whole)
  put(next, c, whole)
  put(hidden, f32x4.mul(o, tanh(c)), whole)
}

/** Step `step` of an LSTM: `projected[batch, time, 4 size]`, `recurrent`, `gates` `[batch, 4 size]`, the rest `[batch, size]`. */
export function lstmGates(
  projected: usize,
  recurrent: usize,
  cell: usize,
  hidden: usize,
  next: usize,
  gates: usize,
  batch: i32,
  time: i32,
  size: i32,
  step: i32,
): void {
  const wide = <usize>size << 2
  const vectors = <usize>(size & ~3) << 2
  for (let n = 0; n < batch; n++) {
    const p = projected + <usize>(n * time + step) * (wide * 4)
    let at: usize = 0
    for (; at < vectors; at += 16) {
      lstmElement(p + at, recurrent + at, cell + at, hidden + at, next + at, gates + at, wide, true)
    }
    for (; at < wide; at += 4) {
      lstmElement(p + at, recurrent + at, cell + at, hidden + at, next + at, gates + at, wide, false)
    }
    recurrent += wide * 4
    gates += wide * 4
    cell += wide
    hidden += wide
    next += wide
  }
}

@inline
function lstmElementGradient(
  dOutput: usize, dHidden: usize, dCell: usize, gates: usize, cells: usize, before: usize, dGates: usize, dBefore: usize,
  wide: usize, whole: bool,
): void {
  const i = get(gates, whole)
  const f = get(gates + wide, whole)
  const g = get(gates + 2 * wide, whole)
  const o = get(gates + 3 * wide, whole)
  const squashed = tanh(get(cells, whole))
  const dh = f32x4.add(get(dOutput, whole), get(dHidden, whole))
  const dc = f32x4.add(get(dCell, whole), f32x4.mul(dh, f32x4.mul(o, tanhSlope(squashed))))
  put(dGates, f32x4.mul(dc, f32x4.mul(g, slope(i))), whole)
  put(dGates + wide, f32x4.mul(dc, f32x4.mul(get(before, whole), slope(f))), whole)
  put(dGates + 2 * wide, f32x4.mul(dc, f32x4.mul(i, tanhSlope(g))), whole)
  put(dGates + 3 * wide, f32x4.mul(dh, f32x4.mul(squashed, slope(o))), whole)
  put(dBefore, f32x4.mul(dc, f), whole)
}

/** The gradient of `lstmGates`; `dOutput`, `cells`, `before` are `[batch, time, size]`, `gates` `[batch, time, 4 size]`. */
export function lstmGatesGradient(
  dOutput: usize,
  dHidden: usize,
  dCell: usize,
  gates: usize,
  cells: usize,
  before: usize,
  dGates: usize,
  dBefore: usize,
  batch: i32,
  time: i32,
  size: i32,
  step: i32,
): void {
  const wide = <usize>size << 2
  const vectors = <usize>(size & ~3) << 2
  for (let n = 0; n < batch; n++) {
    const row = <usize>(n * time + step) * wide
    const g = gates + row * 4
    let at: usize = 0
    for (; at < vectors; at += 16) {
      lstmElementGradient(
        dOutput + row + at, dHidden + at, dCell + at, g + at, cells + row + at, before + row + at, dGates + at,
        dBefore + at, wide, true,
      )
    }
    for (; at < wide; at += 4) {
      lstmElementGradient(
        dOutput + row + at, dHidden + at, dCell + at, g + at, cells + row + at, before + row + at, dGates + at,
        dBefore + at, wide, false,
      )
    }
    dGates += wide * 4
    dHidden += wide
    dCell += wide
    dBefore += wide
  }
}

@inline
function gruElement(p: usize, r: usize, hidden: usize, next: usize, gates: usize, wide: usize, whole: bool): void {
  const reset = sigmoid(f32x4.add(get(p, whole), get(r, whole)))
  const update = sigmoid(f32x4.add(get(p + wide, whole), get(r + wide, whole)))
  const fromState = get(r + 2 * wide, whole)
  const candidate = tanh(f32x4.add(get(p + 2 * wide, whole), f32x4.mul(reset, fromState)))
  put(gates, reset, whole)
  put(gates + wide, update, whole)
  put(gates + 2 * wide, candidate, whole)
  put(gates + 3 * wide, fromState, whole)
  put(next, f32x4.add(candidate, f32x4.mul(update, f32x4.sub(get(hidden, whole), candidate))), whole)
}

/** Step `step` of a GRU: `projected[batch, time, 3 size]`, `recurrent[batch, 3 size]`, `gates[batch, 4 size]`. */
export function gruGates(
  projected: usize,
  recurrent: usize,
  hidden: usize,
  next: usize,
  gates: usize,
  batch: i32,
  time: i32,
  size: i32,
  step: i32,
): void {
  const wide = <usize>size << 2
  const vectors = <usize>(size & ~3) << 2
  for (let n = 0; n < batch; n++) {
    const p = projected + <usize>(n * time + step) * (wide * 3)
    let at: usize = 0
    for (; at < vectors; at += 16) gruElement(p + at, recurrent + at, hidden + at, next + at, gates + at, wide, true)
    for (; at < wide; at += 4) gruElement(p + at, recurrent + at, hidden + at, next + at, gates + at, wide, false)
    recurrent += wide * 3
    gates += wide * 4
    hidden += wide
    next += wide
  }
}

@inline
function gruElementGradient(
  dOutput: usize, dHidden: usize, gates: usize, before: usize, dProjected: usize, dRecurrent: usize, dBefore: usize,
  wide: usize, whole: bool,
): void {
  const reset = get(gates, whole)
  const update = get(gates + wide, whole)
  const candidate = get(gates + 2 * wide, whole)
  const fromState = get(gates + 3 * wide, whole)
  const dh = f32x4.add(get(dOutput, whole), get(dHidden, whole))
  const one = f32x4.splat(1)
  const dCandidate = f32x4.mul(dh, f32x4.mul(f32x4.sub(one, update), tanhSlope(candidate)))
  const dReset = f32x4.mul(dCandidate, f32x4.mul(fromState, slope(reset)))
  const dUpdate = f32x4.mul(dh, f32x4.mul(f32x4.sub(get(before, whole), candidate), slope(update)))
  put(dProjected, dReset, whole)
  put(dProjected + wide, dUpdate, whole)
  put(dProjected + 2 * wide, dCandidate, whole)
  put(dRecurrent, dReset, whole)
  put(dRecurrent + wide, dUpdate, whole)
  put(dRecurrent + 2 * wide, f32x4.mul(dCandidate, reset), whole)
  put(dBefore, f32x4.mul(dh, update), whole)
}

/** The gradient of `gruGates`; `dOutput`, `before` are `[batch, time, size]`, `gates` `[batch, time, 4 size]`. */
export function gruGatesGradient(
  dOutput: usize,
  dHidden: usize,
  gates: usize,
  before: usize,
  dProjected: usize,
  dRecurrent: usize,
  dBefore: usize,
  batch: i32,
  time: i32,
  size: i32,
  step: i32,
): void {
  const wide = <usize>size << 2
  const vectors = <usize>(size & ~3) << 2
  for (let n = 0; n < batch; n++) {
    const row = <usize>(n * time + step) * wide
    const g = gates + row * 4
    let at: usize = 0
    for (; at < vectors; at += 16) {
      gruElementGradient(
        dOutput + row + at, dHidden + at, g + at, before + row + at, dProjected + at, dRecurrent + at, dBefore + at,
        wide, true,
      )
    }
    for (; at < wide; at += 4) {
      gruElementGradient(
        dOutput + row + at, dHidden + at, g + at, before + row + at, dProjected + at, dRecurrent + at, dBefore + at,
        wide, false,
      )
    }
    dProjected += wide * 3
    dRecurrent += wide * 3
    dHidden += wide
    dBefore += wide
  }
}
