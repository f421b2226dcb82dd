// One case on the backend in use: values, gradients, slopes; that all of them are written, that what was given is as it was,
// and that nothing is left behind.
import { record } from '@levin/core'
import { wasmMemory } from '@levin/kernels'
import type { SweepOp } from '@levin/testing/ops'
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { runtimeOf } from '../../src/runtime.js'
import { asWasmBackend } from '../../src/wasm-backend.js'
import { expectClose, expectSlope, type Recorded, type SweepCase, toTensor } from './recorded.js'

/** How operands that are one input share its data. */
export type Sharing = 'one tensor' | 'clones' | 'views'

/** The ways of sharing in which a case is to be run: one alone where no two operands share. */
export function sharingsOf({ operands = {} }: SweepCase): readonly Sharing[] {
  const sources = Object.values(operands).map(({ of }) => of)
  return new Set(sources).size < sources.length ? ['one tensor', 'clones', 'views'] : ['one tensor']
}

export function runCase(of: SweepCase, op: SweepOp, sharing: Sharing): void {
  const tensors = tf.memory().numTensors
  const buffers = tf.engine().backend.numDataIds()
  const sources = uploadAll(of.inputs, sharing === 'views')
  const constants = uploadAll(of.constants ?? {}, sharing === 'views')
  poison(of)
  const run = () => call(of, op, sharing, { ...sources, ...constants })
  if (of.upstream === undefined) checkValues(of, run)
  else checkGradients(of, run, sources)
  expectUntouched(sources, of.inputs)
  expectUntouched(constants, of.constants ?? {})
  tf.dispose([sources, constants])
  expect(tf.memory().numTensors - tensors, 'tensors left').toBe(0)
  expect(tf.engine().backend.numDataIds() - buffers, 'buffers left').toBe(0)
}

// --- Internal helpers ---

type Named<T> = Readonly<Record<string, T>>

const uploadAll = (recorded: Named<Recorded>, flat = false): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.entries(recorded).map(([name, one]) => [name, toTensor(one, flat ? [one.data.length] : one.shape)]),
  )

function call(of: SweepCase, op: SweepOp, sharing: Sharing, tensors: Named<tf.Tensor>): tf.Tensor[] {
  const recorded = { ...of.inputs, ...of.constants }
  const wired = new Set(Object.values(of.operands ?? {}).map(({ of: name }) => name))
  const others = Object.keys(recorded).filter((name) => !wired.has(name))
  const wiring: NonNullable<SweepCase['operands']> = {
    ...of.operands,
    ...Object.fromEntries(others.map((name) => [name, { of: name }])),
  }
  const operands = Object.entries(wiring).map(([operand, { of: name, shape }]) => {
    const source = tensors[name] as tf.Tensor
    const wanted = shape ?? (recorded[name] as Recorded).shape
    if (shape !== undefined || sharing === 'views') return [operand, tf.reshape(source, [...wanted])] as const
    return [operand, sharing === 'clones' ? tf.clone(source) : source] as const
  })
  const outputs = op(Object.fromEntries(operands), of.args ?? {})
  return Array.isArray(outputs) ? outputs : [outputs]
}

function checkOutputs(outputs: readonly tf.Tensor[], { outputs: recorded }: SweepCase): void {
  expect(outputs.length, 'outputs').toBe(recorded.length)
  for (const [i, output] of outputs.entries()) expectClose(output, recorded[i] as Recorded, `output ${i}`)
}

function checkValues(of: SweepCase, run: () => tf.Tensor[]): void {
  const outputs = tf.tidy(run)
  checkOutputs(outputs, of)
  tf.dispose(outputs)
}

function checkGradients(of: SweepCase, run: () => tf.Tensor[], sources: Named<tf.Tensor>): void {
  const names = Object.keys(sources)
  // Once without a tape, since ops may then call other kernels.
  checkValues(of, run)
  const tape = record(run, Object.values(sources))
  checkOutputs(tape.tensors, of)
  const upstream = upstreamOf(of, tape.tensors, sources)
  const gradients: tf.Tensor[] = []
  tape.backward(upstream, (_source, gradient, index) => {
    gradients[index] = gradient
  })
  for (const [i, name] of names.entries()) {
    const recorded = of.gradients?.[name] as Recorded
    const gradient = gradients[i]
    if (gradient === undefined) expect.fail(`no gradient of ${name}`)
    const shape = (sources[name] as tf.Tensor).shape
    expectClose(gradient, { ...recorded, shape }, `gradient of ${name}`)
    const slope = of.slopes?.[name]
    if (slope !== undefined) expectSlope(gradient, slope, `gradient of ${name}`)
  }
  for (const [i, recorded] of (of.upstream ?? []).entries()) {
    if (typeof recorded !== 'string') expectUntouched({ upstream: upstream[i] as tf.Tensor }, { upstream: recorded })
  }
  checkOutputs(tape.tensors, of)
  tape.dispose()
  tf.dispose([gradients, upstream])
}

function upstreamOf(
  { upstream = [] }: SweepCase,
  outputs: readonly tf.Tensor[],
  sources: Named<tf.Tensor>,
): tf.Tensor[] {
  return upstream.map((each, index) => {
    if (typeof each !== 'string') return toTensor(each)
    const output = outputs[index] as tf.Tensor
    return each === 'output' ? tf.clone(output) : tf.reshape(sources[each] as tf.Tensor, output.shape)
  })
}

/** Writes NaN where results and intermediate values will lie: what a kernel forgets to write is seen. */
function poison({ outputs, inputs }: SweepCase): void {
  const sizes = [...outputs, ...Object.values(inputs)].map(({ data }) => data.length)
  tf.tidy(() => {
    for (const size of [...sizes, ...sizes]) tf.fill([size], Number.NaN)
  })
  if (tf.getBackend() !== 'wasm') return
  const runtime = runtimeOf(asWasmBackend(tf.backend()))
  const { workspaceBytes } = wasmMemory()
  if (workspaceBytes > 0) new Float32Array(runtime.heap, runtime.workspace(0), workspaceBytes >> 2).fill(Number.NaN)
}

function expectUntouched(tensors: Named<tf.Tensor>, recorded: Named<Recorded>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    const wanted = (recorded[name] as Recorded).data.map(Number)
    const changed = tensor.dataSync().findIndex((value, i) => !Object.is(value, Math.fround(wanted[i] as number)))
    if (changed >= 0)
      expect.fail(`${name}[${changed}] was ${wanted[changed]}, and is ${tensor.dataSync()[changed]} now`)
  }
}
