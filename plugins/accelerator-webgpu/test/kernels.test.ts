import { cpu } from '@levin/accelerators'
import { type Accelerator, deriveKey, drawUniformOnHost, hostTensor } from '@levin/core'
import * as ops from '@levin/ops'
import { type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

type Upload = (seed: number, shape?: number[], low?: number) => Tensor
type Body = (upload: Upload) => readonly Tensor[]

const SHAPE = [7, 13]

/** Numbers between `low` and 2, the same on every accelerator. */
const numbers = (count: number, seed: number, low: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => low + ((Math.sin(i * 12.9898 + seed * 78.233) + 1) / 2) * (2 - low))

async function results(accelerator: Accelerator, body: Body): Promise<number[][]> {
  await accelerator.setup()
  const uploads: Tensor[] = []
  const upload: Upload = (seed, shape = SHAPE, low = -2) => {
    const size = shape.reduce((product, length) => product * length, 1)
    const tensor = accelerator.upload(hostTensor(numbers(size, seed, low), shape))
    uploads.push(tensor)
    return tensor
  }
  const tensors = body(upload)
  const values = await Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]))
  for (const tensor of [...tensors, ...uploads]) tensor.dispose()
  await accelerator.teardown()
  return values
}

/** Two updates, so that state that was written is read again. */
function adam(options: object, amsgrad = false): Body {
  return (upload) => {
    let entry = { parameter: upload(1), gradient: upload(2), firstMoment: upload(3), secondMoment: upload(4, SHAPE, 0) }
    if (amsgrad) entry = { ...entry, maxSecondMoment: upload(5, SHAPE, 0) } as typeof entry
    for (const step of [1, 2]) {
      const [updated] = ops.adamUpdate([entry], { learningRate: 0.1, step, amsgrad, ...options })
      entry = { ...entry, ...updated } as typeof entry
    }
    return [entry.parameter, entry.firstMoment, entry.secondMoment]
  }
}

function sgd(options: object, momentum = 0): Body {
  return (upload) => {
    let entry = { parameter: upload(1), gradient: upload(2), momentumBuffer: upload(3) }
    for (const step of [1, 2]) {
      const [updated] = ops.sgdUpdate([entry], { learningRate: 0.1, step, momentum, ...options })
      entry = { ...entry, ...updated } as typeof entry
    }
    return [entry.parameter, entry.momentumBuffer]
  }
}

function rmsprop(options: { centered?: boolean; momentum?: number }): Body {
  return (upload) => {
    // The mean of squares is at least the square of the mean.
    const state = {
      squareAverage: upload(3, SHAPE, 1.9),
      gradientAverage: upload(4, SHAPE, 1.9),
      momentumBuffer: upload(5),
    }
    const average = tidy(() => ops.accumulate(state.squareAverage, state.squareAverage, 2))
    let entry = { parameter: upload(1), gradient: upload(2), ...state, squareAverage: average }
    const [updated] = ops.rmspropUpdate([entry], { learningRate: 0.1, weightDecay: 0.1, ...options })
    entry = { ...entry, ...updated } as typeof entry
    return [entry.parameter, entry.squareAverage]
  }
}

const key = deriveKey(3, 'dropout', 'kernels')
const layout = { globalShape: [Number.POSITIVE_INFINITY, 13], start: [2 ** 31, 0] }

const BODIES: Readonly<Record<string, Body>> = {
  adam: adam({}),
  'adam with decay, clipping, scale, upwards': adam({
    weightDecay: 0.1,
    clipValue: 0.5,
    gradientScale: 0.7,
    maximize: true,
  }),
  'adam with decoupled decay': adam({ weightDecay: 0.1, decoupled: true }),
  amsgrad: adam({}, true),
  'sgd with decay': sgd({ weightDecay: 0.1 }),
  'sgd with momentum': sgd({ dampening: 0.2 }, 0.9),
  'sgd with Nesterov momentum': sgd({ nesterov: true }, 0.9),
  rmsprop: rmsprop({}),
  'rmsprop, centered, with momentum': rmsprop({ centered: true, momentum: 0.5 }),
  'an update scaled by a tensor': (upload) => sgd({ gradientScale: upload(9, []) as Scalar })(upload),
  'accumulate by a number': (upload) => [ops.accumulate(upload(1), upload(2), 0.3)],
  'accumulate by a tensor': (upload) => [ops.accumulate(upload(1), upload(2), upload(3, []) as Scalar)],
  'the norm of many tensors': (upload) => [
    ops.squaredNorm([upload(1), upload(2, [40_001]), upload(3, []), upload(4, [0])]),
  ],
  dropout: (upload) => [
    ops.dropout(upload(1), {
      rate: 0.4,
      key,
      layout,
      draw: () => drawUniformOnHost(key, { ...layout, shape: SHAPE }),
    }),
  ],
}

describe.runIf(hasAdapter())('kernels of webgpu give the numbers of the CPU', () => {
  it.each(Object.entries(BODIES))('%s', async (_name, body) => {
    const expected = await results(cpu({ blas: false }), body)
    const found = await results(webgpu(), body)
    for (const [place, values] of found.entries()) {
      for (const [index, value] of values.entries()) {
        const wanted = (expected[place] as number[])[index] as number
        expect(Math.abs(value - wanted), `${place}[${index}]: ${value}, ${wanted}`).toBeLessThanOrEqual(
          1e-5 * Math.max(1, Math.abs(wanted)),
        )
      }
    }
  })
})
