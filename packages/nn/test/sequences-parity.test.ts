import type { Layer } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as nn from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import {
  differentiateAll,
  expectClose,
  loadParameters,
  type Recorded,
  recordedCases,
  stepAt,
  toTensor,
} from './support/parity.js'

type Named<T> = Readonly<Record<string, T>>

interface SequenceCase {
  readonly name: string
  readonly layer: string
  readonly args: readonly unknown[]
  readonly inputs: Named<Recorded>
  /** Masks, which have no gradients. */
  readonly constants?: Named<Recorded>
  readonly parameters: Named<Recorded>
  readonly outputGradients: Named<Recorded>
  readonly outputs: Named<Recorded>
  readonly gradients: Named<Recorded>
}

type Factory = (...args: readonly unknown[]) => Layer<unknown, unknown>

const factories = nn as unknown as Readonly<Record<string, Factory>>

/** States are recorded by layer, `hidden0`, `hidden1` …; layers take them in lists. */
function listed(tensors: Named<Tensor>): Record<string, Tensor | Tensor[]> {
  const result: Record<string, Tensor | Tensor[]> = {}
  for (const [name, tensor] of Object.entries(tensors)) {
    const key = name.replace(/\d+$/, '')
    if (key === name) result[name] = tensor
    else result[key] = [...((result[key] as Tensor[] | undefined) ?? []), tensor]
  }
  return result
}

/** A tensor alone where there is nothing beside it, as users pass it. */
function asInput(layer: string, inputs: Named<Tensor>, constants: Named<Tensor>): unknown {
  const all = listed({ ...inputs, ...constants })
  // Recurrent layers give their states only to who asks in this form.
  if (layer === 'lstm' || layer === 'gru') return all
  const [only, ...others] = Object.values(all)
  if (others.length === 0) return only
  const { query, ...rest } = all
  return layer === 'transformerBlock' ? { input: query, ...rest } : all
}

const asTensors = (named: Named<Recorded>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(named).map(([name, recorded]) => [name, toTensor(recorded)]))

/** Everything a layer gives, in the order of the recording. */
function outputsOf(result: unknown): Tensor[] {
  if (!(typeof result === 'object' && result !== null && 'output' in result)) return [result as Tensor]
  const { output, hidden = [], cell = [] } = result as { output: Tensor; hidden?: Tensor[]; cell?: Tensor[] }
  return [output, ...hidden, ...cell]
}

describe.each(BACKENDS)("layers of sequences give PyTorch's outputs and gradients on %s", (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(recordedCases<SequenceCase>('sequences'))('$name', ({ layer: name, args, ...recorded }) => {
    const layer = (factories[name] as Factory)(...args)
    loadParameters(layer, recorded.parameters)
    const inputs = asTensors(recorded.inputs)
    const input = asInput(name, inputs, asTensors(recorded.constants ?? {}))
    const parameters = [...layer.namedParameters()].map(([path, { value }]) => [path, value] as const)
    const named = [...parameters, ...Object.entries(inputs)]
    const wanted = Object.keys(recorded.outputs)
    const upstream = wanted.map((key) => toTensor(recorded.outputGradients[key] as Recorded))
    const [outputs, gradients] = differentiateAll(
      () => outputsOf(layer.forward(input, stepAt())),
      named.map(([, source]) => source),
      upstream,
    )
    wanted.forEach((key, i) => {
      expectClose(outputs[i] as Tensor, recorded.outputs[key] as Recorded, key)
    })
    expect(named.map(([path]) => path).sort()).toEqual(Object.keys(recorded.gradients).sort())
    named.forEach(([path], i) => {
      expectClose(gradients[i] as Tensor, recorded.gradients[path] as Recorded, `gradient of ${path}`)
    })
  })
})
