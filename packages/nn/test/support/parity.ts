import { readFileSync } from 'node:fs'
import { assignPaths, ForwardScope, type ForwardServices, type Layer, record, type StepMode } from '@levin/core'
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'

/** A tensor as the recording scripts write it. */
export interface Recorded {
  readonly shape: number[]
  readonly dtype?: 'int32' | 'bool'
  readonly data: number[]
}

/** The cases of `test/parity/<name>.json`, recorded by `node tools/parity/record.mjs nn`. */
export function recordedCases<T>(name: string): T[] {
  const text = readFileSync(new URL(`../parity/${name}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { cases: T[] }).cases
}

export const toTensor = ({ shape, data, dtype }: Recorded): Tensor => tensor(data, shape, dtype ?? 'float32')

/** Within 1e-5 of what was recorded, or 2e-6 where terms cancel: numbers of 1 that sum to 0, as in the gradient of a key's bias. */
export function expectClose(actual: Tensor, expected: Recorded, what: string): void {
  expect(actual.shape, what).toEqual(expected.shape)
  const values = actual.dataSync()
  const worst = expected.data
    .map((value, i) => ({ i, value, found: values[i] as number }))
    .find(({ value, found }) => !(Math.abs(found - value) <= 2e-6 + 1e-5 * Math.abs(value)))
  expect(worst, what).toBeUndefined()
}

/** A step at a place of a run, without a Trainer. */
export const stepAt = (
  {
    mode = 'train',
    firstSample = 0,
    globalStep = 0,
  }: { mode?: StepMode; firstSample?: number; globalStep?: number } = {},
  services: ForwardServices = {},
): ForwardScope =>
  new ForwardScope(
    { seed: 7, mode, globalStep, epoch: 0, batchIndex: 0, microBatch: 0, firstSample, globalBatchSize: 8 },
    services,
  )

/** Gives a layer the recorded parameters. */
export function loadParameters(layer: Layer<never, unknown>, recorded: Readonly<Record<string, Recorded>>): void {
  assignPaths(layer)
  const parameters = layer.namedParameters()
  expect([...parameters.keys()].sort()).toEqual(Object.keys(recorded).sort())
  for (const [name, parameter] of parameters) parameter.assign(toTensor(recorded[name] as Recorded))
}

/**
 * What a function gives, and its gradients with respect to the sources, in their order. Fails where anything else is
 * left in memory but `pending` tensors: what is kept for the end of the window.
 */
export function differentiate(
  f: () => Tensor,
  sources: readonly Tensor[],
  outputGradient: Tensor,
  pending = 0,
): [Tensor, Tensor[]] {
  const [[output], gradients] = differentiateAll(() => [f()], sources, [outputGradient], pending)
  return [output as Tensor, gradients]
}

/** The same for a function of several outputs. */
export function differentiateAll(
  f: () => Tensor[],
  sources: readonly Tensor[],
  outputGradients: readonly Tensor[],
  pending = 0,
): [Tensor[], Tensor[]] {
  const before = memory().numTensors
  const tape = record(f, sources)
  const gradients: Tensor[] = []
  const outputs = tape.outputs.map((output) => output.clone())
  tape.backward(outputGradients, (_source, gradient, index) => {
    gradients[index] = gradient
  })
  tape.dispose()
  expect(memory().numTensors, 'tensors left').toBe(before + outputs.length + gradients.length + pending)
  return [outputs, gradients]
}
