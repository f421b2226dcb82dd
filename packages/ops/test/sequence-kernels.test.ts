import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { gruSequence, kernelNames, lstmSequence } from '../src/index.js'
import { checkLeaks, expectClose, numbers, sizeOf } from './support.js'

// The kernels as their contracts say, one number at a time: with any of them, the same numbers come out.

type Arrays = Record<string, Float32Array>
/** Fills its outputs, which are zeros, or copies of the input named beside them. */
type Kernel = (inputs: Arrays, out: Arrays) => void

const [BATCH, TIME, INPUTS, HIDDEN] = [2, 3, 2, 3] as const
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const read = (x: Float32Array | undefined, index: number): number => x?.[index] as number
const write = (x: Float32Array | undefined, index: number, value: number): void => {
  ;(x as Float32Array)[index] = value
}

/** Where gate `g` of unit `u` lies in a row of `gates` gates. */
const inRow = (row: number, gates: number, g: number, u: number) => (row * gates + g) * HIDDEN + u
const inStep = (b: number, step: number) => b * TIME + step
const units = Array.from({ length: HIDDEN }, (_, u) => u)
const forwards = Array.from({ length: TIME }, (_, step) => step)

/** Row `row` of `x` times a column of `weight`, which has `gates` gates. */
function dot(x: Float32Array, row: number, size: number, weight: Float32Array, gates: number, column: number): number {
  let sum = 0
  for (let k = 0; k < size; k++) sum += read(x, row * size + k) * read(weight, k * gates * HIDDEN + column)
  return sum
}

/** Both parts of gate `g` of unit `u`, with their biases. */
function parts(inputs: Arrays, hidden: Float32Array, gates: number, b: number, step: number, g: number, u: number) {
  const column = g * HIDDEN + u
  const { x, inputWeight, recurrentWeight, inputBias, recurrentBias } = inputs as Record<string, Float32Array>
  const fromInput = dot(x as Float32Array, inStep(b, step), INPUTS, inputWeight as Float32Array, gates, column)
  const fromState = dot(hidden, b, HIDDEN, recurrentWeight as Float32Array, gates, column)
  return [fromInput + read(inputBias, column), fromState + read(recurrentBias, column)] as const
}

/** `dHidden` of a sample from the gradients of a step's gates. */
function throughProduct(weight: Float32Array, gates: number, dGates: Float32Array, row: number, u: number): number {
  let sum = 0
  for (let k = 0; k < gates * HIDDEN; k++) {
    sum += read(dGates, row * gates * HIDDEN + k) * read(weight, u * gates * HIDDEN + k)
  }
  return sum
}

function eachSample(steps: readonly number[], body: (b: number, step: number) => void): void {
  for (let b = 0; b < BATCH; b++) for (const step of steps) body(b, step)
}

const lstm: Kernel = (inputs, out) =>
  eachSample(forwards, (b, step) => {
    const before = Float32Array.from(out['hidden'] as Float32Array)
    const row = inStep(b, step)
    for (const u of units) {
      const sum = (g: number) => parts(inputs, before, 4, b, step, g, u).reduce((x, y) => x + y)
      const [i, f, g, o] = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))] as const
      const next = f * read(out['cell'], b * HIDDEN + u) + i * g
      write(out['cell'], b * HIDDEN + u, next)
      write(out['cells'], row * HIDDEN + u, next)
      write(out['hidden'], b * HIDDEN + u, o * Math.tanh(next))
      write(out['output'], row * HIDDEN + u, o * Math.tanh(next))
      for (const [index, value] of [i, f, g, o].entries()) write(out['gates'], inRow(row, 4, index, u), value)
    }
  })

const lstmGrad: Kernel = ({ dOutput, gates, cells, cell, recurrentWeight }, out) =>
  eachSample(forwards.toReversed(), (b, step) => {
    const row = inStep(b, step)
    for (const u of units) {
      const [i, f, g, o] = [0, 1, 2, 3].map((index) => read(gates, inRow(row, 4, index, u))) as [number, ...number[]]
      const [input, forget, candidate, output] = [i, f, g, o] as [number, number, number, number]
      const before = step === 0 ? read(cell, b * HIDDEN + u) : read(cells, (row - 1) * HIDDEN + u)
      const squashed = Math.tanh(read(cells, row * HIDDEN + u))
      const dh = read(dOutput, row * HIDDEN + u) + read(out['dHidden'], b * HIDDEN + u)
      const dc = read(out['dCell'], b * HIDDEN + u) + dh * output * (1 - squashed ** 2)
      write(out['dGates'], inRow(row, 4, 0, u), dc * candidate * input * (1 - input))
      write(out['dGates'], inRow(row, 4, 1, u), dc * before * forget * (1 - forget))
      write(out['dGates'], inRow(row, 4, 2, u), dc * input * (1 - candidate ** 2))
      write(out['dGates'], inRow(row, 4, 3, u), dh * squashed * output * (1 - output))
      write(out['dCell'], b * HIDDEN + u, dc * forget)
    }
    const [weight, dGates] = [recurrentWeight as Float32Array, out['dGates'] as Float32Array]
    for (const u of units) write(out['dHidden'], b * HIDDEN + u, throughProduct(weight, 4, dGates, row, u))
  })

const gru: Kernel = (inputs, out) =>
  eachSample(forwards, (b, step) => {
    const before = Float32Array.from(out['hidden'] as Float32Array)
    const row = inStep(b, step)
    for (const u of units) {
      const [[x0, h0], [x1, h1], [x2, h2]] = [0, 1, 2].map((g) => parts(inputs, before, 3, b, step, g, u)) as Pairs
      const [reset, update] = [sigmoid(x0 + h0), sigmoid(x1 + h1)]
      const candidate = Math.tanh(x2 + reset * h2)
      const next = (1 - update) * candidate + update * read(before, b * HIDDEN + u)
      write(out['hidden'], b * HIDDEN + u, next)
      write(out['output'], row * HIDDEN + u, next)
      for (const [index, value] of [reset, update, candidate, h2].entries()) {
        write(out['gates'], inRow(row, 4, index, u), value)
      }
    }
  })

type Pairs = [[number, number], [number, number], [number, number]]

const gruGrad: Kernel = ({ dOutput, gates, output, hidden, recurrentWeight }, out) =>
  eachSample(forwards.toReversed(), (b, step) => {
    const row = inStep(b, step)
    const direct = units.map((u) => {
      const gate = (g: number) => read(gates, inRow(row, 4, g, u))
      const [reset, update, candidate, fromState] = [gate(0), gate(1), gate(2), gate(3)]
      const before = step === 0 ? read(hidden, b * HIDDEN + u) : read(output, (row - 1) * HIDDEN + u)
      const dh = read(dOutput, row * HIDDEN + u) + read(out['dHidden'], b * HIDDEN + u)
      const dCandidate = dh * (1 - update) * (1 - candidate ** 2)
      const dReset = dCandidate * fromState * reset * (1 - reset)
      const dUpdate = dh * (before - candidate) * update * (1 - update)
      for (const [index, value] of [dReset, dUpdate, dCandidate].entries()) {
        write(out['dProjected'], inRow(row, 3, index, u), value)
      }
      for (const [index, value] of [dReset, dUpdate, dCandidate * reset].entries()) {
        write(out['dRecurrent'], inRow(row, 3, index, u), value)
      }
      return dh * update
    })
    const [weight, dRecurrent] = [recurrentWeight as Float32Array, out['dRecurrent'] as Float32Array]
    for (const u of units) {
      const value = (direct[u] as number) + throughProduct(weight, 3, dRecurrent, row, u)
      write(out['dHidden'], b * HIDDEN + u, value)
    }
  })

const ofStep = (gates: number) => [BATCH, TIME, gates * HIDDEN]
const state = [BATCH, HIDDEN]

interface Output {
  readonly name: string
  readonly shape: number[]
  /** The input it begins as a copy of. */
  readonly from?: string
}

const definitions: Record<string, { kernel: Kernel; outputs: Output[] }> = {
  LevinLstm: {
    kernel: lstm,
    outputs: [
      { name: 'output', shape: ofStep(1) },
      { name: 'hidden', shape: state, from: 'hidden' },
      { name: 'cell', shape: state, from: 'cell' },
      { name: 'cells', shape: ofStep(1) },
      { name: 'gates', shape: ofStep(4) },
    ],
  },
  LevinLstmGrad: {
    kernel: lstmGrad,
    outputs: [
      { name: 'dGates', shape: ofStep(4) },
      { name: 'dHidden', shape: state, from: 'dHidden' },
      { name: 'dCell', shape: state, from: 'dCell' },
    ],
  },
  LevinGru: {
    kernel: gru,
    outputs: [
      { name: 'output', shape: ofStep(1) },
      { name: 'hidden', shape: state, from: 'hidden' },
      { name: 'gates', shape: ofStep(4) },
    ],
  },
  LevinGruGrad: {
    kernel: gruGrad,
    outputs: [
      { name: 'dProjected', shape: ofStep(3) },
      { name: 'dRecurrent', shape: ofStep(3) },
      { name: 'dHidden', shape: state, from: 'dHidden' },
    ],
  },
}

interface CpuBackend {
  data: { get(id: object): { values: Float32Array } }
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo
}

function register(kernelName: string): void {
  const { kernel, outputs } = definitions[kernelName] as (typeof definitions)[string]
  tf.registerKernel({
    kernelName,
    backendName: 'cpu',
    kernelFunc: ({ inputs, backend }) => {
      const cpu = backend as unknown as CpuBackend
      const arrays: Arrays = {}
      for (const [name, info] of Object.entries(inputs)) {
        if (info !== undefined) arrays[name] = cpu.data.get((info as tf.TensorInfo).dataId).values
      }
      const results: Arrays = {}
      for (const { name, shape, from } of outputs) {
        results[name] = from === undefined ? new Float32Array(sizeOf(shape)) : Float32Array.from(arrays[from] ?? [])
      }
      kernel(arrays, results)
      return outputs.map(({ name, shape }) => cpu.makeTensorInfo(shape, 'float32', results[name] as Float32Array))
    },
  })
}

/** Values of everything that an op gives, with gradients by every input. */
function everything(gates: 3 | 4): number[][] {
  const shapes = [
    [BATCH, TIME, INPUTS],
    [INPUTS, gates * HIDDEN],
    [HIDDEN, gates * HIDDEN],
    [gates * HIDDEN],
    [gates * HIDDEN],
    [BATCH, HIDDEN],
    ...(gates === 4 ? [[BATCH, HIDDEN]] : []),
  ]
  return tf.tidy(() => {
    const tensors = shapes.map((shape, index) => tf.tensor(numbers(sizeOf(shape), index + 1, -1, 1), shape))
    const dy = tf.tensor(numbers(BATCH * TIME * HIDDEN, 20), [BATCH, TIME, HIDDEN])
    const f = (...xs: tf.Tensor[]) => {
      const [x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden, cell] = xs as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        ...tf.Tensor[],
      ]
      const operands = { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden }
      return gates === 4 ? lstmSequence({ ...operands, cell }).output : gruSequence(operands).output
    }
    const { value, grads } = tf.valueAndGrads(f)(tensors, dy)
    return [value, ...grads].map((tensor) => [...tensor.dataSync()])
  })
}

describe('kernels for a whole sequence', () => {
  checkLeaks()
  const registered: string[] = []
  afterEach(() => {
    for (const name of registered.splice(0)) tf.unregisterKernel(name, 'cpu')
  })

  it.each([
    { gates: 4 as const, names: [kernelNames.lstm] },
    { gates: 4 as const, names: [kernelNames.lstmGrad] },
    { gates: 4 as const, names: [kernelNames.lstm, kernelNames.lstmGrad] },
    { gates: 3 as const, names: [kernelNames.gru] },
    { gates: 3 as const, names: [kernelNames.gruGrad] },
    { gates: 3 as const, names: [kernelNames.gru, kernelNames.gruGrad] },
  ])('$names give what the composed form gives', ({ gates, names }) => {
    const expected = everything(gates)
    for (const name of names) {
      register(name)
      registered.push(name)
    }
    everything(gates).forEach((values, index) => {
      expectClose(values, expected[index] as number[], 1e-5, `${index}`)
    })
    expect(expected.flat().some((value) => value !== 0)).toBe(true)
  })
})
