import { type Accelerator, type HostTensor, hostTensor, record } from '@levin/core'
import { dispose, reshape, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core'
import type { Tolerance } from '../all-close.js'
import { compareNumbers, compareResult } from './compare-result.js'
import { drawnNumbers } from './recipes.js'
import { isPlain, type RecordedCase, type RecordedInput, type RecordedTensor } from './recorded.js'
import type { SweepOp } from './sweep-op.js'

/** How operands come to an op: as they were uploaded, or as the transposes of what was. */
export type Arrival = 'uploaded' | 'transposed'

export interface CaseRun {
  readonly accelerator: Accelerator
  readonly recorded: RecordedCase
  readonly op: SweepOp
  readonly arrival: Arrival
  readonly tolerance: Tolerance
}

/** The op's results without a tape: ops may then call other kernels. */
export const checkValues = (run: CaseRun): Promise<void> =>
  withSources(run, async (sources) => {
    const outputs = tidy(() => call(run, sources))
    try {
      await compareOutputs(run, outputs)
    } finally {
      dispose(outputs)
    }
  })

/** The gradients of all inputs, and the results as a tape records them. */
export const checkGradients = (run: CaseRun): Promise<void> =>
  withSources(run, async (sources) => {
    const names = Object.keys(run.recorded.inputs)
    const tape = record(
      () => call(run, sources),
      names.map((name) => sources[name] as Tensor),
    )
    const upstream = tape.tensors.map((output, index) => uploadUpstream(run, output, index))
    const gradients: Tensor[] = []
    try {
      tape.backward(upstream, (_source, gradient, index) => {
        gradients[index] = gradient
      })
      await compareOutputs(run, tape.tensors)
      for (const [index, name] of names.entries()) await compareGradient(run, name, gradients[index])
    } finally {
      tape.dispose()
      dispose([gradients, upstream])
    }
  })

// --- Internal helpers ---

type Named<T> = Readonly<Record<string, T>>

type Wiring = NonNullable<RecordedCase['operands']>

const textOf = ({ recorded: { op, name } }: CaseRun): string => `${op}: ${name}`

const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

const shapeOf = (input: RecordedInput): readonly number[] => (isPlain(input) ? input : (input as RecordedTensor).shape)

async function withSources(run: CaseRun, body: (sources: Named<Tensor>) => Promise<void>): Promise<void> {
  const sources = upload(run)
  try {
    await body(sources)
  } finally {
    dispose(sources)
  }
}

function upload(run: CaseRun): Record<string, Tensor> {
  const { accelerator, recorded, arrival } = run
  const drawn = Object.entries(recorded.inputs).map(([name, input]) => [name, inputOf(run, name, input)] as const)
  const constants = Object.entries(recorded.constants ?? {}).map(([name, one]) => [name, givenTensor(one)] as const)
  const turned = ([name, host]: readonly [string, HostTensor]) => {
    const placed = arrival === 'transposed' ? turnedRound(host) : host
    return [name, accelerator.upload(placed)] as const
  }
  return Object.fromEntries([...drawn, ...constants].map(turned))
}

function inputOf(run: CaseRun, name: string, input: RecordedInput): HostTensor {
  if (!isPlain(input) && 'data' in input) return givenTensor(input)
  const shape = shapeOf(input)
  const between = isPlain(input) ? undefined : input.between
  return hostTensor(drawnNumbers(`${textOf(run)}/${name}`, countOf(shape), between), [...shape])
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

function givenTensor({ shape, data, dtype }: RecordedTensor): HostTensor {
  return hostTensor(ARRAYS[dtype ?? 'float32'].from(data.map(Number)), [...shape])
}

function uploadUpstream(run: CaseRun, { shape }: Tensor, index: number): Tensor {
  const numbers = drawnNumbers(`${textOf(run)}/upstream/${index}`, countOf(shape))
  return run.accelerator.upload(hostTensor(numbers, [...shape]))
}

function call({ recorded, op, arrival }: CaseRun, sources: Named<Tensor>): Tensor[] {
  const { operands = {}, args = {} } = recorded
  const turned = (tensor: Tensor): Tensor => (arrival === 'transposed' && tensor.rank > 1 ? transpose(tensor) : tensor)
  const wired = new Set(Object.values(operands).map(({ of }) => of))
  const direct = Object.keys(sources).filter((name) => !wired.has(name))
  const wiring: Wiring = { ...operands, ...Object.fromEntries(direct.map((name) => [name, { of: name }])) }
  const given = Object.entries(wiring).map(([operand, { of, shape }]) => {
    const source = turned(sources[of] as Tensor)
    return [operand, shape === undefined ? source : reshape(source, [...shape])] as const
  })
  const outputs = op(Object.fromEntries(given), args)
  return Array.isArray(outputs) ? outputs : [outputs]
}

async function compareOutputs({ recorded, tolerance }: CaseRun, outputs: readonly Tensor[]): Promise<void> {
  if (outputs.length !== recorded.outputs.length)
    throw new Error(`expected ${recorded.outputs.length} outputs, found ${outputs.length}.`)
  for (const [index, output] of outputs.entries()) {
    const { shape, dtype = 'float32', ...numbers } = recorded.outputs[index] as RecordedCase['outputs'][number]
    compareResult(output, await output.data(), { shape, dtype, numbers }, tolerance, `output ${index}`)
  }
}

async function compareGradient(run: CaseRun, name: string, gradient: Tensor | undefined): Promise<void> {
  const { recorded, arrival, tolerance } = run
  const what = `gradient of ${name}`
  if (gradient === undefined) throw new Error(`${what}: there is none.`)
  const numbers = recorded.gradients?.[name] ?? []
  const shape = shapeOf(recorded.inputs[name] as RecordedInput)
  if (arrival === 'uploaded')
    return compareResult(gradient, await gradient.data(), { shape, dtype: 'float32', numbers }, tolerance, what)
  const data = Float32Array.from(await gradient.data<'float32'>())
  compareNumbers(turnedRound(hostTensor(data, gradient.shape)).data, numbers, tolerance, what)
}

/** With its axes in the opposite order. */
function turnedRound({ data, shape }: HostTensor): HostTensor {
  const strides = shape.map((_, axis) => countOf(shape.slice(axis + 1)))
  const lengths = [...shape].reverse()
  const steps = [...strides].reverse()
  const moved = data.slice()
  const at = lengths.map(() => 0)
  for (let to = 0; to < data.length; to++) {
    moved[to] = data[at.reduce((sum, position, axis) => sum + position * (steps[axis] as number), 0)] as number
    for (let axis = at.length - 1; axis >= 0 && ++(at[axis] as number) === lengths[axis]; axis--) at[axis] = 0
  }
  return hostTensor(moved, lengths)
}
