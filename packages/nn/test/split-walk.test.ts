import { assignPaths, disposeAll, type Layer, type OnGradient, record } from '@levin/core'
import {
  BatchMatMul,
  getBackend,
  getKernel,
  type KernelFunc,
  memory,
  randomNormal,
  type Tensor,
} from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { conv2d, dropout, flatten, layerNorm, linear, lstm, relu, sequential, transformerBlock } from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import { stepAt } from './support/parity.js'

const stages: Record<string, { readonly make: () => Layer<never, Tensor>; readonly shape: number[] }> = {
  'an MLP': {
    make: () => sequential(linear(6, 8), relu(), dropout(0.3), linear(8, 8), layerNorm(8), linear(8, 3)),
    shape: [5, 6],
  },
  'transformer blocks': {
    make: () => sequential(transformerBlock(8, 2, { causal: true, dropout: 0.2 }), transformerBlock(8, 2)),
    shape: [2, 5, 8],
  },
  'a recurrent stage': { make: () => sequential(lstm(4, 6, { layers: 2 }), linear(6, 2)), shape: [3, 5, 4] },
  convolutions: { make: () => sequential(conv2d(2, 3, 3), relu(), conv2d(3, 2, 3), flatten()), shape: [2, 7, 7, 2] },
}

describe.each(BACKENDS)('on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(Object.keys(stages))('the halves of a walk over %s give the gradients of the whole', (name) => {
    const { make, shape } = stages[name] as (typeof stages)[string]
    const { forward, sources, input, free } = stage(make(), shape)
    const before = memory().numTensors
    const whole = record(forward, sources)
    const outputGradient = randomNormal(whole.tensors[0]?.shape as [number], 0, 1, 'float32', 3)
    const expected = received((take) => whole.backward([outputGradient], take))
    whole.dispose()
    const split = record(forward, sources)
    const first = received((take) => split.backwardInputs([outputGradient], [input], take))
    const rest = received((take) => split.backwardRest(take))
    split.dispose()
    outputGradient.dispose()
    expect([...first.keys()]).toEqual([0])
    // The same to the last bit, in the same order.
    expect([...rest]).toEqual([...expected].filter(([index]) => index !== 0))
    expect(first.get(0)).toEqual(expected.get(0))
    expect(memory().numTensors).toBe(before)
    free()
  })

  test('products that make gradients of weights wait for the second half', () => {
    const { forward, sources, input, free } = stage(
      sequential(linear(4, 6), relu(), linear(6, 6), linear(6, 2)),
      [3, 4],
    )
    const outputGradient = randomNormal([3, 2])
    const tape = record(forward, sources)
    const first = transposed(() => received((take) => tape.backwardInputs([outputGradient], [input], take)))
    const second = transposed(() => received((take) => tape.backwardRest(take)))
    // dx = dy · wᵀ; dw = xᵀ · dy
    expect([first, second]).toEqual([
      ['second', 'second', 'second'],
      ['first', 'first', 'first'],
    ])
    disposeAll([outputGradient])
    tape.dispose()
    free()
  })
})

// --- Internal helpers ---

/** A pipeline's stage with its input, which is its first source. */
function stage(layer: Layer<never, Tensor>, shape: number[]) {
  const { parameters } = assignPaths(layer)
  for (const parameter of parameters) parameter.materialise({ seed: 2 })
  const input = randomNormal(shape, 0, 1, 'float32', 1)
  const sources = [input, ...parameters.map(({ value }) => value)]
  return {
    forward: () => layer.forward(input as never, stepAt()),
    sources,
    input,
    free() {
      input.dispose()
      for (const parameter of parameters) parameter.dispose()
    },
  }
}

/** What a walk delivers, by index of the source, in its order. */
function received(walk: (take: OnGradient) => void): Map<number, number[]> {
  const gradients = new Map<number, number[]>()
  walk((_source, gradient, index) => {
    gradients.set(index, [...gradient.dataSync()])
    gradient.dispose()
  })
  return gradients
}

/** Which operand the matrix products that run meanwhile take transposed. */
function transposed(run: () => void): string[] {
  const found: string[] = []
  const kernel = getKernel(BatchMatMul, getBackend()) as { kernelFunc: KernelFunc }
  const { kernelFunc } = kernel
  kernel.kernelFunc = (call) => {
    found.push(call.attrs?.transposeA === true ? 'first' : 'second')
    return kernelFunc(call)
  }
  try {
    run()
  } finally {
    kernel.kernelFunc = kernelFunc
  }
  return found
}
