import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { internals } from '../src/engine/internals.js'
import { copy, disposeAll, engineMemory, keep, record, type Tape, tensorsIn, untaped } from '../src/engine.js'
import { LevinError } from '../src/errors.js'

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

/** The gradients of a tape by source, as arrays, disposed. */
function gradientsOf<T>(tape: Tape<T>, sources: readonly tf.Tensor[], seeds?: (tf.Tensor | null)[]) {
  const gradients: (number[] | undefined)[] = sources.map(() => undefined)
  tape.backward(seeds, (_source, gradient, index) => {
    gradients[index] = values(gradient)
    gradient.dispose()
  })
  return gradients
}

/** What tfjs itself finds, as arrays in the order of the variables. */
function reference(f: () => tf.Scalar, variables: tf.Variable[]) {
  const { value, grads } = tf.variableGrads(f, variables)
  const gradients = variables.map(({ name }) => (grads[name] ? values(grads[name]) : undefined))
  value.dispose()
  disposeAll(Object.values(grads))
  return gradients
}

/** What must be as before, whatever happened: tfjs's own state. */
function engineState() {
  const { activeTape, gradientDepth, kernelDepth, scopeStack } = internals().state
  return { activeTape: activeTape ?? null, gradientDepth, kernelDepth, scopes: scopeStack.length }
}

let w1: tf.Variable
let w2: tf.Variable
let unused: tf.Variable
let a: tf.Tensor
let b: tf.Tensor
let before: ReturnType<typeof engineMemory>
let stateBefore: ReturnType<typeof engineState>

const loss = (x: tf.Tensor) =>
  tf.mean(tf.square(tf.matMul(tf.relu(tf.matMul(x as tf.Tensor2D, w1 as tf.Tensor2D)), w2 as tf.Tensor2D))) as tf.Scalar

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  tf.tidy(() => {
    w1 = tf.variable(normal([8, 16], 1))
    w2 = tf.variable(normal([16, 4], 2))
    unused = tf.variable(normal([3], 5))
  })
  a = normal([5, 8], 3)
  b = normal([5, 8], 4)
  before = engineMemory()
  stateBefore = engineState()
})

afterEach(() => {
  expect(engineMemory()).toEqual(before)
  expect(engineState()).toEqual(stateBefore)
  disposeAll([w1, w2, unused, a, b])
})

describe('record and backward', () => {
  test('two micro-batches with both tapes alive, walked in the other order, equal tf.variableGrads exactly', () => {
    const tapeA = record(() => loss(a), [w1, w2])
    const tapeB = record(() => loss(b), [w1, w2])
    const gradientsB = gradientsOf(tapeB, [w1, w2])
    const gradientsA = gradientsOf(tapeA, [w1, w2])
    expect(gradientsA).toEqual(reference(() => loss(a), [w1, w2]))
    expect(gradientsB).toEqual(reference(() => loss(b), [w1, w2]))
    const expected = tf.tidy(() => loss(a).dataSync())
    expect(tapeA.outputs.dataSync()).toEqual(expected)
    tapeA.dispose()
    tapeB.dispose()
  })

  test('delivers each gradient as soon as it is final, in reverse order of use', () => {
    const order: string[] = []
    const saved: number[] = []
    const tape = record(() => loss(a), [w1, w2, unused])
    tape.backward(undefined, (source, gradient, index) => {
      order.push(source === w1 ? `w1 at ${index}` : `w2 at ${index}`)
      saved.push(engineMemory().tensors)
      gradient.dispose()
    })
    expect(order).toEqual(['w2 at 1', 'w1 at 0'])
    // What the nodes behind had saved is freed by the time the last gradient arrives.
    expect(saved[1]).toBeLessThan(saved[0] as number)
    tape.dispose()
  })

  test('a source that no output depends on is never delivered, and the tape says so', () => {
    const tape = record(() => loss(a), [w1, unused])
    expect(tape.connected).toEqual([true, false])
    expect([tape.reaches(w1), tape.reaches(unused), tape.reaches(w2)]).toEqual([true, false, false])
    expect(gradientsOf(tape, [w1, unused])[1]).toBeUndefined()
    tape.dispose()
  })
})
