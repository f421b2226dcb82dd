import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@levin/kernels/register'
import { expect } from 'vitest'

/** A tensor on the host. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array | Uint8Array
}

/** Numbers between −1 and 1 that depend on the seed alone. */
export function random(shape: readonly number[], seed: number): HostTensor {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 31 - 1) as number
  }
  for (let i = 0; i < 8; i++) next()
  return { shape, values: Float32Array.from({ length: size(shape) }, next) }
}

export const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

export const upload = ({ shape, values }: HostTensor, dtype: tf.DataType = 'float32'): tf.Tensor =>
  tf.tensor(values, [...shape], dtype)

/** Calls a kernel of the active backend, and brings the result to the host. Fails where a tensor is left behind. */
export function kernel(
  name: string,
  inputs: Record<string, HostTensor | tf.Tensor> | readonly HostTensor[],
  attrs: Record<string, unknown> = {},
): HostTensor {
  const before = tf.memory().numTensors
  const buffers = tf.engine().backend.numDataIds()
  const given = Object.values(inputs).filter((value) => value instanceof tf.Tensor)
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, value instanceof tf.Tensor ? value : upload(value)]),
  )
  const operands = Array.isArray(inputs) ? (Object.values(tensors) as unknown as tf.NamedTensorMap) : tensors
  const out = tf.engine().runKernel(name, operands, attrs as tf.NamedAttrMap) as tf.Tensor
  const result = { shape: out.shape, values: out.dataSync() }
  out.dispose()
  for (const tensor of Object.values(tensors)) if (!given.includes(tensor)) tensor.dispose()
  expect(tf.memory().numTensors).toBe(before)
  expect(tf.engine().backend.numDataIds()).toBe(buffers)
  return result
}

/** The same kernel on tfjs's JavaScript backend. */
export async function cpuKernel(...call: Parameters<typeof kernel>): Promise<HostTensor> {
  await tf.setBackend('cpu')
  try {
    return kernel(...call)
  } finally {
    await tf.setBackend('wasm')
  }
}

/** Fails unless shapes are equal and every value is within `absolute + relative × |expected|`; NaN equals NaN. */
export function expectClose(
  actual: HostTensor,
  expected: { readonly shape: readonly number[]; readonly values: ArrayLike<number> },
  { relative = 1e-5, absolute = 1e-5 } = {},
): void {
  expect([...actual.shape]).toEqual([...expected.shape])
  expect(actual.values.length).toBe(expected.values.length)
  let worst = -1
  let excess = 0
  for (let i = 0; i < actual.values.length; i++) {
    const found = actual.values[i] as number
    const wanted = expected.values[i] as number
    if (Object.is(found, wanted) || found === wanted) continue
    const over = Math.abs(found - wanted) - absolute - relative * Math.abs(wanted)
    if (!(over <= 0) && !(over < excess)) {
      worst = i
      excess = over
    }
  }
  if (worst >= 0) {
    expect.fail(`element ${worst} is ${actual.values[worst]}, expected ${expected.values[worst]}`)
  }
}

/** `op(a) op(b)` of two matrices in float64. */
export function product(a: HostTensor, b: HostTensor, transposeA: boolean, transposeB: boolean) {
  const [a0 = 0, a1 = 0] = a.shape
  const [b0 = 0, b1 = 0] = b.shape
  const [rows, depth] = transposeA ? [a1, a0] : [a0, a1]
  const columns = transposeB ? b0 : b1
  const values = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0
      for (let k = 0; k < depth; k++) {
        const left = a.values[transposeA ? k * a1 + i : i * a1 + k] as number
        sum += left * (b.values[transposeB ? j * b1 + k : k * b1 + j] as number)
      }
      values[i * columns + j] = sum
    }
  }
  return { shape: [rows, columns], values }
}

// Keeps tfjs from advertising its other backends.
tf.env().set('IS_TEST', true)
await tf.setBackend('wasm')
