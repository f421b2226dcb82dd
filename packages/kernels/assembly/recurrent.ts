// What recurrent layers share: biases added up, and gates made where their sums lie, a row at a time.
import { get, put } from './lanes'
import { gateSigmoid, gateTanh } from './squash'

/** `sum[count] = a + b`; an address of 0 is a bias of zeros. */
export function addBiases(a: usize, b: usize, sum: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2
    store<f32>(sum + at, (a !== 0 ? load<f32>(a + at) : 0) + (b !== 0 ? load<f32>(b + at) : 0))
  }
}

@inline
function sum(x: usize, y: usize, bias: usize, whole: bool): v128 {
  return f32x4.add(f32x4.add(get(x, whole), get(y, whole)), get(bias, whole))
}

/** `x[count] = σ(x + y + bias)`. */
export function squash(x: usize, y: usize, bias: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    put(x, gateSigmoid(sum(x, y, bias, true)), true)
    x += 16
    y += 16
    bias += 16
  }
  for (; count > 0; count--) {
    put(x, gateSigmoid(sum(x, y, bias, false)), false)
    x += 4
    y += 4
    bias += 4
  }
}

/** `x[count] = tanh(x + y + bias)`. */
export function squashTanh(x: usize, y: usize, bias: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    put(x, gateTanh(sum(x, y, bias, true)), true)
    x += 16
    y += 16
    bias += 16
  }
  for (; count > 0; count--) {
    put(x, gateTanh(sum(x, y, bias, false)), false)
    x += 4
    y += 4
    bias += 4
  }
}
