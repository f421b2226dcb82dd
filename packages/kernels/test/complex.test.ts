import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { expectClose, random, size, upload } from './support.js'

const parts = (shape: number[]) => ({ real: random(shape, 1), imag: random(shape, 2) })

function complexOf(shape: number[]): tf.Tensor {
  const { real, imag } = parts(shape)
  return tf.complex(upload(real), upload(imag))
}

/** The discrete Fourier transform by its definition, in float64, interleaved. */
function transform(values: Float32Array, length: number, sign: number): Float64Array {
  const out = new Float64Array(values.length)
  for (let row = 0; row < values.length; row += 2 * length) {
    for (let k = 0; k < length; k++) {
      for (let n = 0; n < length; n++) {
        const angle = (sign * 2 * Math.PI * ((k * n) % length)) / length
        const [real, imag] = [values[row + 2 * n] as number, values[row + 2 * n + 1] as number]
        out[row + 2 * k] = (out[row + 2 * k] as number) + real * Math.cos(angle) - imag * Math.sin(angle)
        out[row + 2 * k + 1] = (out[row + 2 * k + 1] as number) + real * Math.sin(angle) + imag * Math.cos(angle)
      }
    }
  }
  return out
}

describe('complex64 on the wasm heap', () => {
  it('comes apart into what it was made of', () => {
    tf.tidy(() => {
      const x = complexOf([3, 5])
      const { real, imag } = parts([3, 5])
      expect(tf.real(x).dataSync()).toEqual(real.values)
      expect(tf.imag(x).dataSync()).toEqual(imag.values)
      expect(x.dataSync()).toHaveLength(30)
    })
  })

  it('has absolute values, also where the squares overflow float32', () => {
    tf.tidy(() => {
      const x = tf.complex(tf.tensor1d([3, 3e30, 3e-30, Number.NaN]), tf.tensor1d([4, 4e30, 4e-30, 1]))
      const values = { shape: [4], values: Float32Array.from([5, 5e30, 5e-30, Number.NaN]) }
      expectClose({ shape: [4], values: tf.abs(x).dataSync() }, values, { absolute: 0 })
    })
  })

  it('adds, subtracts and multiplies with broadcasting', () => {
    tf.tidy(() => {
      const x = tf.complex([1, 2], [3, 4])
      const y = tf.complex([5], [-6])
      expect([...tf.add(x, y).dataSync()]).toEqual([6, -3, 7, -2])
      expect([...tf.sub(x, y).dataSync()]).toEqual([-4, 9, -3, 10])
      expect([...tf.mul(x, y).dataSync()]).toEqual([23, 9, 34, 8])
      expect([...tf.add(x, tf.scalar(1)).dataSync()]).toEqual([2, 3, 3, 4])
    })
  })

  it('is concatenated, transposed, padded, gathered, summed and copied like any tensor', () => {
    tf.tidy(() => {
      const x = tf.complex([[1, 2]], [[3, 4]])
      expect([...tf.concat([x, x], 0).dataSync()]).toEqual([1, 3, 2, 4, 1, 3, 2, 4])
      expect(tf.transpose(x).shape).toEqual([2, 1])
      expect([
        ...tf
          .pad(
            x,
            [
              [0, 0],
              [1, 0],
            ],
            7,
          )
          .dataSync(),
      ]).toEqual([7, 0, 1, 3, 2, 4])
      expect([...tf.gather(x, tf.tensor1d([1, 0], 'int32'), 1).dataSync()]).toEqual([2, 4, 1, 3])
      expect([...tf.sum(x).dataSync()]).toEqual([3, 7])
      expect([...tf.clone(x).dataSync()]).toEqual([1, 3, 2, 4])
      expect([...tf.onesLike(x).dataSync()]).toEqual([1, 0, 1, 0])
    })
  })

  it('can come from the JavaScript backend', async () => {
    await tf.setBackend('cpu')
    const x = tf.complex([1, 2], [3, 4])
    await tf.setBackend('wasm')
    const doubled = tf.add(x, x)
    expect([...doubled.dataSync()]).toEqual([2, 6, 4, 8])
    tf.dispose([x, doubled])
  })

  it('leaves nothing behind', () => {
    const tensors = tf.memory().numTensors
    const buffers = tf.engine().backend.numDataIds()
    tf.tidy(() => tf.mul(tf.fft(complexOf([3, 8])), complexOf([3, 8])).dataSync())
    expect(tf.memory().numTensors).toBe(tensors)
    expect(tf.engine().backend.numDataIds()).toBe(buffers)
  })
})

describe('FFT and IFFT', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 12, 31, 64, 97, 100, 128])('transform rows of %i like the definition', (length) => {
    tf.tidy(() => {
      const x = complexOf([3, length])
      const values = x.dataSync() as Float32Array
      const shape = [3, length, 2]
      const tolerance = { absolute: 1e-5 * length ** 0.5 }
      expectClose({ shape, values: tf.fft(x).dataSync() }, { shape, values: transform(values, length, -1) }, tolerance)
      const inverse = transform(values, length, 1).map((value) => value / length)
      expectClose({ shape, values: tf.ifft(x).dataSync() }, { shape, values: inverse }, tolerance)
    })
  })

  it('undo each other, also for real signals', () => {
    tf.tidy(() => {
      const x = complexOf([2, 45])
      const shape = [2, 45, 2]
      expectClose({ shape, values: tf.ifft(tf.fft(x)).dataSync() }, { shape, values: x.dataSync() })
      const signal = random([2, 32], 3)
      const back = tf.irfft(tf.rfft(upload(signal)))
      expect(size(back.shape)).toBe(64)
      expectClose({ shape: signal.shape, values: back.dataSync() }, signal)
    })
  })
})
