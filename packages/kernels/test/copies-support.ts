import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { type HostTensor, random } from './support.js'

export type CopiedType = 'float32' | 'int32' | 'bool' | 'complex64'

export const COPIED_TYPES: readonly CopiedType[] = ['float32', 'int32', 'bool', 'complex64']

/** Values of a dtype that are told apart wherever they end up; NaN and −0 among the floats. */
function valuesOf(shape: readonly number[], dtype: CopiedType, seed: number): HostTensor {
  const { values } = random(shape, seed)
  if (dtype === 'int32') return { shape, values: Int32Array.from(values, (value) => value * 2 ** 31) }
  if (dtype === 'bool') return { shape, values: Uint8Array.from(values, (value) => Number(value > 0)) }
  if (values.length > 3) values.set([Number.NaN, -0], 1)
  return { shape, values }
}

type Call = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[]

async function on(backend: string, inputs: readonly HostTensor[], dtype: tf.DataType, call: Call) {
  await tf.setBackend(backend)
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()]
  const tensors = inputs.map(({ shape, values }) => tf.tensor(values, [...shape], dtype))
  const outputs = [call(...tensors)].flat()
  const found = outputs.map((out) => ({ shape: out.shape, dtype: out.dtype, values: [...out.dataSync()] }))
  tf.dispose([tensors, outputs])
  expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before)
  await tf.setBackend('wasm')
  return found
}

/** Complex tensors on the wasm backend, against their two parts on the JavaScript backend. */
async function expectSameComplex(shapes: readonly (readonly number[])[], call: Call, imaginary: Call): Promise<void> {
  const [real, imag] = [1, 100].map((seed) => shapes.map((shape, at) => valuesOf(shape, 'float32', seed + at)))
  const reals = await on('cpu', real as HostTensor[], 'float32', call)
  const imags = await on('cpu', imag as HostTensor[], 'float32', imaginary)
  const found = tf.tidy(() => {
    const inputs = shapes.map((shape, at) => {
      const [a, b] = [real?.[at]?.values, imag?.[at]?.values] as [Float32Array, Float32Array]
      return tf.complex(tf.tensor(a, [...shape]), tf.tensor(b, [...shape]))
    })
    return [call(...inputs)].flat().map((out) => ({ shape: out.shape, dtype: out.dtype, values: [...out.dataSync()] }))
  })
  const wanted = reals.map(({ shape, values }, at) => ({
    shape,
    dtype: 'complex64',
    values: values.flatMap((value, index) => [value, imags[at]?.values[index]]),
  }))
  expect(found).toEqual(wanted)
}

/**
 * Fails unless a call that moves elements gives on the wasm backend what it gives on tfjs's JavaScript backend, bit for
 * bit, with nothing left behind.
 *
 * @param imaginary what happens to imaginary parts, if not the same
 */
export async function expectSameCopies(
  shapes: readonly (readonly number[])[],
  dtype: CopiedType,
  call: Call,
  imaginary: Call = call,
): Promise<void> {
  if (dtype === 'complex64') {
    await expectSameComplex(shapes, call, imaginary)
    return
  }
  const inputs = shapes.map((shape, at) => valuesOf(shape, dtype, at + 1))
  const found = await on('wasm', inputs, dtype, call)
  expect(found).toEqual(await on('cpu', inputs, dtype, call))
}
