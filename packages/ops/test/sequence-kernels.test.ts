import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { gruSequence, kernelNames, lstmSequence } from '../src/index.js'
import { checkLeaks, expectClose, numbers, sizeOf } from './support.js'

// The kernels as their contracts say, one number at a time: with any of them, the same numbers come out.

type Arrays = Record<string, Float32Array>
type Kernel = (inputs: Arrays, step: number, out: Arrays) => void

const [BATCH, TIME, INPUTS, HIDDEN] = [2, 3, 2, 3] as const
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const read = (x: Float32Array | undefined, index: number): number => x?.[index] as number

/** Where gate `g` of unit `u` lies in a row of `gates` gates. */
const inRow = (row: number, gates: number, g: number, u: number) => (row * gates + g) * HIDDEN + u
const inStep = (b: number, step: number) => b * TIME + step

function eachUnit(body: (b: number, u: number) => void): void {
  for (let b = 0; b < BATCH; b++) for (let u = 0; u < HIDDEN; u++) body(b, u)
}

const lstmGates: Kernel = ({ projected, recurrent, cell }, step, out) =>
  eachUnit((b, u) => {
    const sum = (g: number) => read(projected, inRow(inStep(b, step), 4, g, u)) + read(recurrent, inRow(b, 4, g, u))
    const [i, f, g, o] = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))] as const
    const next = f * read(cell, b * HIDDEN + u) + i * g
    write(out, 'hidden', b * HIDDEN + u, o * Math.tanh(next))
    write(out, 'cell', b * HIDDEN + u, next)
    for (const [index, value] of [i, f, g, o].entries()) write(out, 'gates', inRow(b, 4, index, u), value)
  })

const lstmGatesGrad: Kernel = ({ dOutput, dHidden, dCell, gates, cells, cellsBefore }, step, out) =>
  eachUnit((b, u) => {
    const [at, row] = [b * HIDDEN + u, inStep(b, step)]
    const [i, f, g, o] = [0, 1, 2, 3].map((index) => read(gates, inRow(row, 4, index, u))) as [number, ...number[]]
    const [input, forget, candidate, output] = [i, f, g, o] as [number, number, number, number]
    const squashed = Math.tanh(read(cells, row * HIDDEN + u))
    const dh = read(dOutput, row * HIDDEN + u) + read(dHidden, at)
    const dc = read(dCell, at) + dh * output * (1 - squashed ** 2)
    write(out, 'dGates', inRow(b, 4, 0, u), dc * candidate * input * (1 - input))
    write(out, 'dGates', inRow(b, 4, 1, u), dc * read(cellsBefore, row * HIDDEN + u) * forget * (1 - forget))
    write(out, 'dGates', inRow(b, 4, 2, u), dc * input * (1 - candidate ** 2))
    write(out, 'dGates', inRow(b, 4, 3, u), dh * squashed * output * (1 - output))
    write(out, 'dCell', at, dc * forget)
  })

const gruGates: Kernel = ({ projected, recurrent, hidden }, step, out) =>
  eachUnit((b, u) => {
    const x = (g: number) => read(projected, inRow(inStep(b, step), 3, g, u))
    const h = (g: number) => read(recurrent, inRow(b, 3, g, u))
    const [reset, update] = [sigmoid(x(0) + h(0)), sigmoid(x(1) + h(1))]
    const candidate = Math.tanh(x(2) + reset * h(2))
    write(out, 'hidden', b * HIDDEN + u, (1 - update) * candidate + update * read(hidden, b * HIDDEN + u))
    for (const [index, value] of [reset, update, candidate, h(2)].entries()) {
      write(out, 'gates', inRow(b, 4, index, u), value)
    }
  })

const gruGatesGrad: Kernel = ({ dOutput, dHidden, gates, statesBefore }, step, out) =>
  eachUnit((b, u) => {
    const row = inStep(b, step)
    const gate = (g: number) => read(gates, inRow(row, 4, g, u))
    const [reset, update, candidate, fromState] = [gate(0), gate(1), gate(2), gate(3)]
    const dh = read(dOutput, row * HIDDEN + u) + read(dHidden, b * HIDDEN + u)
    const dCandidate = dh * (1 - update) * (1 - candidate ** 2)
    const dReset = dCandidate * fromState * reset * (1 - reset)
    const dUpdate = dh * (read(statesBefore, row * HIDDEN + u) - candidate) * update * (1 - update)
    for (const [index, value] of [dReset, dUpdate, dCandidate].entries()) {
      write(out, 'dProjected', inRow(b, 3, index, u), value)
    }
    for (const [index, value] of [dReset, dUpdate, dCandidate * reset].entries()) {
      write(out, 'dRecurrent', inRow(b, 3, index, u), value)
    }
    write(out, 'dHidden', b * HIDDEN + u, dh * update)
  })

const write = (out: Arrays, name: string, index: number, value: number): void => {
  ;(out[name] as Float32Array)[index] = value
}

const definitions: Record<string, { kernel: Kernel; outputs: Record<string, number> }> = {
  LevinLstmGates: { kernel: lstmGates, outputs: { hidden: 1, cell: 1, gates: 4 } },
  LevinLstmGatesGrad: { kernel: lstmGatesGrad, outputs: { dGates: 4, dCell: 1 } },
  LevinGruGates: { kernel: gruGates, outputs: { hidden: 1, gates: 4 } },
  LevinGruGatesGrad: { kernel: gruGatesGrad, outputs: { dProjected: 3, dRecurrent: 3, dHidden: 1 } },
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
    kernelFunc: ({ inputs, attrs, backend }) => {
      const cpu = backend as unknown as CpuBackend
      const arrays: Arrays = {}
      for (const [name, info] of Object.entries(inputs))
        arrays[name] = cpu.data.get((info as tf.TensorInfo).dataId).values
      const results: Arrays = {}
      for (const [name, gates] of Object.entries(outputs)) results[name] = new Float32Array(BATCH * gates * HIDDEN)
      kernel(arrays, (attrs as unknown as { step: number }).step, results)
      return Object.entries(outputs).map(([name, gates]) =>
        cpu.makeTensorInfo([BATCH, gates * HIDDEN], 'float32', results[name] as Float32Array),
      )
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

describe('kernels for the gates of a step', () => {
  checkLeaks()
  const registered: string[] = []
  afterEach(() => {
    for (const name of registered.splice(0)) tf.unregisterKernel(name, 'cpu')
  })

  it.each([
    { gates: 4 as const, names: [kernelNames.lstmGates] },
    { gates: 4 as const, names: [kernelNames.lstmGatesGrad] },
    { gates: 4 as const, names: [kernelNames.lstmGates, kernelNames.lstmGatesGrad] },
    { gates: 3 as const, names: [kernelNames.gruGates] },
    { gates: 3 as const, names: [kernelNames.gruGatesGrad] },
    { gates: 3 as const, names: [kernelNames.gruGates, kernelNames.gruGatesGrad] },
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
