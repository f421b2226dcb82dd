import type { Layer } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as nn from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import {
  differentiate,
  expectClose,
  loadParameters,
  type Recorded,
  recordedCases,
  stepAt,
  toTensor,
} from './support/parity.js'

interface LayerCase {
  readonly name: string
  readonly layer: string
  readonly args: readonly unknown[]
  readonly input: Recorded
  readonly parameters: Readonly<Record<string, Recorded>>
  readonly outputGradient: Recorded
  readonly output: Recorded
  readonly gradients: Readonly<Record<string, Recorded>>
}

type Factory = (...args: readonly unknown[]) => Layer<Tensor, Tensor>

const factories = nn as unknown as Readonly<Record<string, Factory>>

describe.each(BACKENDS)("layers give PyTorch's outputs and gradients on %s", (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(recordedCases<LayerCase>('layers'))('$name', ({ layer: name, args, ...recorded }) => {
    const layer = (factories[name] as Factory)(...args)
    loadParameters(layer, recorded.parameters)
    const input = toTensor(recorded.input)
    const parameters = [...layer.namedParameters()]
    const named: [string, Tensor][] = parameters.map(([path, parameter]) => [path, parameter.value])
    if (input.dtype === 'float32') named.push(['input', input])
    const sources = named.map(([, source]) => source)
    const [output, gradients] = differentiate(
      () => layer.forward(input, stepAt()),
      sources,
      toTensor(recorded.outputGradient),
    )
    expectClose(output, recorded.output, 'output')
    expect(named.map(([path]) => path).sort()).toEqual(Object.keys(recorded.gradients).sort())
    named.forEach(([path], i) => {
      expectClose(gradients[i] as Tensor, recorded.gradients[path] as Recorded, `gradient of ${path}`)
    })
  })
})
