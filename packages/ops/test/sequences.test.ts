import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { gruSequence, lstmSequence } from '../src/index.js'
import { type Argument, argument, checkLeaks, checkOp, type Values } from './support.js'

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

interface Sizes {
  batch: number
  time: number
  inputs: number
  hidden: number
}

/** One step of one sample: states in, states out; the first state is the output. */
type Cell = (fromInput: Values, fromState: Values, states: Values[]) => Values[]

const lstmCell: Cell = (a, b, [h, c]) => {
  const size = (h as Values).length
  const sum = (gate: number, u: number) => (a[gate * size + u] as number) + (b[gate * size + u] as number)
  const cell = (c as Values).map((old, u) => sigmoid(sum(1, u)) * old + sigmoid(sum(0, u)) * Math.tanh(sum(2, u)))
  return [cell.map((value, u) => sigmoid(sum(3, u)) * Math.tanh(value)), cell]
}

const gruCell: Cell = (a, b, [h]) => {
  const size = (h as Values).length
  const part = (x: Values, gate: number, u: number) => x[gate * size + u] as number
  return [
    (h as Values).map((old, u) => {
      const [reset, update] = [0, 1].map((gate) => sigmoid(part(a, gate, u) + part(b, gate, u))) as [number, number]
      const candidate = Math.tanh(part(a, 2, u) + reset * part(b, 2, u))
      return (1 - update) * candidate + update * old
    }),
  ]
}

/** Outputs of all steps, then the last states, flat. */
function reference({ batch, time, inputs, hidden }: Sizes, gates: number, cell: Cell, stateCount: number) {
  const wide = gates * hidden
  const product = (x: Values, weight: Values, bias?: Values): Values =>
    Array.from({ length: wide }, (_, column) =>
      x.reduce((sum, value, row) => sum + value * (weight[row * wide + column] as number), bias?.[column] ?? 0),
    )
  return (x: Values, w: Values, u: Values, bw?: Values, bu?: Values, ...first: (Values | undefined)[]): Values => {
    const output: Values = []
    const last: Values[] = Array.from({ length: stateCount }, () => [])
    for (let b = 0; b < batch; b++) {
      let states = Array.from(
        { length: stateCount },
        (_, s) => first[s]?.slice(b * hidden, (b + 1) * hidden) ?? new Array<number>(hidden).fill(0),
      )
      for (let t = 0; t < time; t++) {
        const row = x.slice((b * time + t) * inputs, (b * time + t + 1) * inputs)
        states = cell(product(row, w, bw), product(states[0] as Values, u, bu), states)
        output.push(...(states[0] as Values))
      }
      states.forEach((state, s) => void last[s]?.push(...state))
    }
    return [...output, ...last.flat()]
  }
}

/** Several tensors as one vector. Its own gradient, since tfjs's registry is empty here. */
const flat = tf.customGrad((...args) => {
  const tensors = args.slice(0, -1) as tf.Tensor[]
  const value = tf.concat(tensors.map((tensor) => tf.reshape(tensor, [tensor.size])))
  const gradFunc = (dy: tf.Tensor) => {
    let start = 0
    return tensors.map(({ size, shape }) => {
      start += size
      return tf.reshape(tf.slice(dy, [start - size], [size]), shape)
    })
  }
  return { value, gradFunc }
})

const kinds = [
  {
    name: 'lstmSequence',
    gates: 4,
    cell: lstmCell,
    states: 2,
    run: (x: tf.Tensor, inputWeight: tf.Tensor, recurrentWeight: tf.Tensor, ...rest: (tf.Tensor | undefined)[]) => {
      const [inputBias, recurrentBias, first, firstCell] = rest
      const operands = { x, inputWeight, recurrentWeight, inputBias, recurrentBias, hidden: first, cell: firstCell }
      const { output, hidden, cell } = lstmSequence(operands)
      return flat(output, hidden, cell)
    },
  },
  {
    name: 'gruSequence',
    gates: 3,
    cell: gruCell,
    states: 1,
    run: (x: tf.Tensor, inputWeight: tf.Tensor, recurrentWeight: tf.Tensor, ...rest: (tf.Tensor | undefined)[]) => {
      const [inputBias, recurrentBias, first] = rest
      const { output, hidden } = gruSequence({
        x,
        inputWeight,
        recurrentWeight,
        inputBias,
        recurrentBias,
        hidden: first,
      })
      return flat(output, hidden)
    },
  },
]

describe.each(kinds)('$name', ({ name, gates, cell, states, run }) => {
  checkLeaks()

  const operands = ({ batch, time, inputs, hidden }: Sizes): Argument[] => [
    argument([batch, time, inputs], 1),
    argument([inputs, gates * hidden], 2, -1, 1),
    argument([hidden, gates * hidden], 3, -1, 1),
    argument([gates * hidden], 4, -1, 1),
    argument([gates * hidden], 5, -1, 1),
    ...Array.from({ length: states }, (_, state) => argument([batch, hidden], 6 + state)),
  ]
  const op = run as (...xs: tf.Tensor[]) => tf.Tensor

  it.each([
    { batch: 3, time: 4, inputs: 2, hidden: 3 },
    { batch: 1, time: 1, inputs: 1, hidden: 1 },
    { batch: 2, time: 7, inputs: 3, hidden: 2 },
  ])('gives the values and gradients of the formulas, by every input, for %o', (sizes) => {
    checkOp({
      inputs: operands(sizes),
      op,
      reference: reference(sizes, gates, cell, states) as (...values: Values[]) => Values,
    })
  })

  it('starts at zero, and has no bias, unless given', () => {
    const sizes = { batch: 2, time: 3, inputs: 2, hidden: 2 }
    checkOp({
      inputs: operands(sizes).slice(0, 3),
      op,
      reference: reference(sizes, gates, cell, states) as (...values: Values[]) => Values,
    })
  })

  it('is empty, with zero gradients of the weights, for no samples', () => {
    tf.tidy(() => {
      const inputs = operands({ batch: 0, time: 3, inputs: 2, hidden: 2 })
      const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape, 'float32'))
      const { value, grads } = tf.valueAndGrads(op)(tensors, tf.zeros([0]))
      expect(value.size).toBe(0)
      expect(grads.map(({ shape }) => shape)).toEqual(inputs.map(({ shape }) => shape))
      for (const gradient of grads) expect([...gradient.dataSync()].every((value) => value === 0)).toBe(true)
    })
  })

  it('is one node of the tape', () => {
    tf.tidy(() => {
      const tensors = operands({ batch: 2, time: 9, inputs: 2, hidden: 2 }).map(({ shape, values }) =>
        tf.tensor(values, shape, 'float32'),
      )
      let nodes: { kernelName: string; gradient?: unknown; inputs: object }[] = []
      tf.grads((...xs: tf.Tensor[]) => {
        const y = op(...xs)
        nodes = [...(tf.engine().state.activeTape as unknown as typeof nodes)]
        return y
      })(tensors)
      const own = nodes.filter(({ kernelName }) => kernelName.endsWith('__op'))
      expect(own.map(({ kernelName }) => kernelName)).toEqual([`${name}__op`])
    })
  })

  it('says what does not fit', () => {
    tf.tidy(() => {
      const tensors = operands({ batch: 2, time: 3, inputs: 2, hidden: 4 }).map(({ shape }) => tf.ones(shape))
      const replaced = (index: number, shape: number[]) => () =>
        op(...tensors.map((tensor, at) => (at === index ? tf.ones(shape) : tensor)))
      expect(replaced(0, [2, 2])).toThrow(/`x` must be \[batch, time, features\]/)
      expect(replaced(0, [2, 0, 2])).toThrow(/at least one step/)
      expect(replaced(1, [3, gates * 4])).toThrow(/`inputWeight` must have shape \[2, /)
      expect(replaced(2, [4, 5])).toThrow(/`recurrentWeight` must have shape \[4, .*gates side by side/)
      expect(replaced(3, [4])).toThrow(/`inputBias`/)
      expect(replaced(5, [3, 4])).toThrow(/`hidden` must have shape \[2, 4\]/)
    })
  })
})
