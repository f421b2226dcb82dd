import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import * as ops from '../src/index.js'
import { checkLeaks, expectClose, numbers } from './support.js'

/** Every differentiable op, as a function of one tensor `[4, 3]`. */
const differentiable: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  linear: (x) => ops.linear(x, tf.ones([3, 2]), tf.ones([2]), { activation: 'relu' }),
  relu: ops.relu,
  leakyRelu: ops.leakyRelu,
  elu: ops.elu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  softplus: ops.softplus,
  gelu: ops.gelu,
  silu: ops.silu,
  hardSwish: ops.hardSwish,
  softmaxCrossEntropy: (x) => ops.softmaxCrossEntropy(x, tf.tensor1d([0, 1, 2, 0], 'int32')),
  'softmaxCrossEntropy with probabilities': (x) => ops.softmaxCrossEntropy(x, tf.ones([4, 3])),
  binaryCrossEntropyWithLogits: (x) => ops.binaryCrossEntropyWithLogits(x, tf.ones([4, 3])),
  mse: (x) => ops.mse(x, tf.ones([4, 3])),
  layerNorm: (x) => ops.layerNorm(x, tf.ones([3]), tf.ones([3])),
  batchNorm: (x) => ops.batchNorm(x, tf.ones([3]), tf.ones([3])).y,
  batchNormWithStatistics: (x) => ops.batchNormWithStatistics(x, ops.batchNormStatistics(x)),
  batchNormInference: (x) => ops.batchNormInference(x, { mean: tf.ones([3]), variance: tf.ones([3]) }),
  embedding: (x) => ops.embedding(x, tf.tensor1d([0, 3, 3], 'int32')),
  dropout: (x) => ops.dropout(x, { rate: 0.5, key: [0, 0], draw: () => tf.tensor(numbers(12, 4, 0, 1), [4, 3]) }),
}
const names = Object.keys(differentiable)
const input = () => tf.tensor2d(numbers(12, 1), [4, 3])

interface RecordedNode {
  kernelName: string
  gradient?: unknown
  inputs: object
}

describe.each(names)('%s on the tape', (name) => {
  checkLeaks()
  const op = differentiable[name] as (x: tf.Tensor) => tf.Tensor

  it('is one node, beside the clones of what it keeps', () => {
    tf.tidy(() => {
      let nodes: RecordedNode[] = []
      tf.grad((x: tf.Tensor) => {
        const y = op(x)
        nodes = [...(tf.engine().state.activeTape as RecordedNode[])]
        return y
      })(input())
      // tfjs names the clones it keeps after their scope, which has no name; constants have no gradient.
      const own = nodes.filter((node) => node.kernelName !== 'unnamed scope' && node.gradient && hasInputs(node))
      expect(own.map((node) => node.kernelName)).toEqual([`${name.split(' ')[0]}__op`])
    })
  })

  it('adds up the gradients of two uses of one tensor', () => {
    tf.tidy(() => {
      const weight = tf.tensor2d(numbers(9, 2), [3, 3])
      const pair = (u: tf.Tensor, v: tf.Tensor) => ops.mse(op(u), op(ops.linear(v, weight)), { reduction: 'sum' })
      const x = input()
      const [du, dv] = tf.grads(pair)([x, tf.clone(x)]) as [tf.Tensor, tf.Tensor]
      const both = tf.grad((x: tf.Tensor) => pair(x, x))(x)
      expectClose(both.dataSync(), [...tf.add(du, dv).dataSync()])
    })
  })

  it('leaves nothing behind, with a tape and without', () => {
    const x = input()
    const before = tf.memory()
    for (const run of [() => op(x), () => tf.grad(op)(x)]) {
      tf.tidy(run).dispose()
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers })
    }
    x.dispose()
  })
})

describe('the gradient registry of tfjs', () => {
  it('is empty in these tests, so that no gradient can come from it', () => {
    for (const kernel of [tf.Multiply, tf.Add, tf.BatchMatMul, tf._FusedMatMul, tf.Reshape, tf.Relu, tf.Identity]) {
      expect(tf.getGradient(kernel) ?? undefined).toBeUndefined()
    }
  })
})

describe('a training step', () => {
  checkLeaks()

  it('trains variables through variableGrads and updates, and leaves only them', () => {
    const [table, gamma, weight, bias] = tf.tidy(() => [
      tf.variable(tf.tensor2d(numbers(40, 1, -0.5, 0.5), [5, 8])),
      tf.variable(tf.ones([8])),
      tf.variable(tf.tensor2d(numbers(24, 2, -0.5, 0.5), [8, 3])),
      tf.variable(tf.zeros([3])),
    ]) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable]
    const variables = [table, gamma, weight, bias]
    const before = tf.memory().numTensors
    const losses: number[] = []
    for (let step = 1; step <= 30; step++) {
      tf.tidy(() => {
        const ids = tf.tensor1d([0, 1, 2, 3, 4, 2], 'int32')
        const { value, grads } = tf.variableGrads(() => {
          const hidden = ops.gelu(ops.layerNorm(ops.embedding(table, ids), gamma))
          const logits = ops.linear(hidden, weight, bias)
          return ops.softmaxCrossEntropy(logits, tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32')) as tf.Scalar
        }, variables)
        const entries = variables.map((variable) => ({
          parameter: variable,
          gradient: grads[variable.name] as tf.Tensor,
        }))
        const values = ops.sgdUpdate(entries, { learningRate: 0.5, step })
        values.forEach(({ parameter }, index) => {
          variables[index]?.assign(parameter)
          parameter.dispose()
        })
        losses.push(value.dataSync()[0] as number)
      })
      expect(tf.memory().numTensors).toBe(before)
    }
    expect(losses[29]).toBeLessThan((losses[0] as number) / 10)
    tf.dispose(variables)
  })
})

describe('gradients inside a recorded function', () => {
  checkLeaks()

  it('may be used as constants', () => {
    tf.tidy(() => {
      const [x, scale] = [input(), tf.scalar(3)]
      const inner = () =>
        tf.grad((x: tf.Tensor) => ops.layerNorm(ops.tanh(x), tf.ones([3])))(x, tf.tensor2d(numbers(12, 5), [4, 3]))
      const gradient = tf.grad((scale: tf.Tensor) => ops.mse(scale, ops.squaredNorm([inner()])))(scale)
      const norm = ops.squaredNorm([inner()]).dataSync()[0] as number
      expectClose(gradient.dataSync(), [2 * (3 - norm)])
    })
  })

  it('fail by name when they are differentiated, and are never zero in silence', () => {
    const x = input()
    for (const name of names) {
      const op = differentiable[name] as (x: tf.Tensor) => tf.Tensor
      const twice = () => tf.tidy(() => tf.grad((x: tf.Tensor) => tf.grad(op)(x))(x))
      expect(twice, name).toThrow(`${name.split(' ')[0]}: expected a first gradient, found a gradient of its gradient`)
      // After an error tfjs leaves its tape with what it kept.
      const { state } = tf.engine()
      for (const node of state.activeTape) tf.dispose(node.saved ?? [])
      state.activeTape = []
    }
    x.dispose()
  })
})

const hasInputs = (node: RecordedNode): boolean => Object.keys(node.inputs).length > 0
