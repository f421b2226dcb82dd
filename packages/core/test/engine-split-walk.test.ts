import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { internals } from '../src/engine/internals.js'
import { disposeAll, engineMemory, type OutputGradients, recompute, record, type Tape } from '../src/engine.js'
import { engineSnapshot, gradientsOf, normal, refusal, values } from './engine-fixture.js'

let before: ReturnType<typeof engineSnapshot>
let x: tf.Tensor2D
let w1: tf.Tensor2D
let w2: tf.Tensor2D
let unused: tf.Tensor

const dispose = (_source: tf.Tensor, gradient: tf.Tensor) => gradient.dispose()

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  before = engineSnapshot()
  ;[x, w1, w2, unused] = [normal([5, 8], 1), normal([8, 8], 2), normal([8, 4], 3), normal([3], 4)]
})

// Every test of this file must leave the engine as it found it.
afterEach(() => {
  disposeAll([x, w1, w2, unused])
  expect(engineSnapshot()).toEqual(before)
})

/** Which gradients each half delivers, in order, and what they are. */
function halves<T>(
  tape: Tape<T>,
  sources: readonly tf.Tensor[],
  inputs: readonly tf.Tensor[],
  seeds?: OutputGradients,
) {
  const order: number[][] = [[], []]
  const found: (number[] | undefined)[] = sources.map(() => undefined)
  const take = (half: number) => (source: tf.Tensor, gradient: tf.Tensor, index: number) => {
    expect(source).toBe(sources[index])
    expect(found[index]).toBeUndefined()
    order[half]?.push(index)
    found[index] = values(gradient)
    gradient.dispose()
  }
  return {
    first: () => tape.backwardInputs(seeds, inputs, take(0)),
    second: () => tape.backwardRest(take(1)),
    order,
    found,
  }
}

/** The order in which a whole walk delivers. */
function wholeOrder<T>(tape: Tape<T>): number[] {
  const order: number[] = []
  tape.backward(undefined, (_source, gradient, index) => {
    order.push(index)
    gradient.dispose()
  })
  return order
}

type Thunks = (dy: tf.Tensor) => Record<string, () => tf.Tensor>

/** A product whose gradient function is given: as an operation of `@levin/ops` or tfjs, one thunk per input. */
const product = (a: tf.Tensor, b: tf.Tensor, gradient: Thunks): tf.Tensor => {
  const { runKernelFunc } = tf.engine() as unknown as { runKernelFunc(options: object): tf.Tensor }
  return runKernelFunc.call(tf.engine(), {
    inputs: { a, b },
    forwardFunc: () => tf.matMul(a, b),
    backwardsFunc: gradient,
  })
}

/** The gradients of `x · w1`. */
const towards = {
  a: (dy: tf.Tensor) => tf.matMul(dy, w1, false, true),
  b: (dy: tf.Tensor) => tf.matMul(x, dy, true),
}

describe('the two halves of a walk', () => {
  test('deliver what a whole walk does: the inputs first, the rest in its order', () => {
    const f = () => tf.mean(tf.square(tf.matMul(tf.add(x, tf.relu(tf.matMul(x, w1))), w2)))
    const sources = [w1, x, unused, w2]
    const whole = record(f, sources)
    const expected = gradientsOf(whole, sources)
    const again = record(f, sources)
    const order = wholeOrder(again)
    const split = record(f, sources)
    const walk = halves(split, sources, [x])
    walk.first()
    expect(walk.order).toEqual([[1], []])
    walk.second()
    expect(walk.order[1]).toEqual(order.filter((index) => index !== 1))
    expect(walk.found).toEqual(expected)
    for (const tape of [whole, again, split]) tape.dispose()
  })

  test.each(Array.from({ length: 40 }, (_, seed) => seed))('agree to the last bit on random graph %i', (seed) => {
    const random = generator(seed)
    const count = 2 + Math.floor(random() * 4)
    const sources = Array.from({ length: count }, (_, i) => normal([4, 4], 100 * seed + i))
    const plan = Array.from({ length: 14 }, () => [random(), random(), random()] as const)
    const f = () => graph(sources, plan)
    const inputs = sources.filter(() => random() < 0.4)
    const whole = record(f, sources)
    const expected = gradientsOf(whole, sources)
    const split = record(f, sources)
    const walk = halves(split, sources, inputs)
    walk.first()
    expect(walk.order[0]?.every((index) => inputs.includes(sources[index] as tf.Tensor))).toBe(true)
    walk.second()
    expect(walk.found).toEqual(expected)
    disposeAll([sources])
    whole.dispose()
    split.dispose()
  })

  test('of several tapes may come in any order', () => {
    const inputs = [normal([5, 8], 11), normal([5, 8], 12), normal([5, 8], 13)]
    const f = (input: tf.Tensor) => () => tf.sum(tf.tanh(tf.matMul(tf.tanh(tf.matMul(input as tf.Tensor2D, w1)), w2)))
    const expected = inputs.map((input) => {
      const tape = record(f(input), [input, w1, w2])
      const found = gradientsOf(tape, [input, w1, w2])
      tape.dispose()
      return found
    })
    const tapes = inputs.map((input) => record(f(input), [input, w1, w2]))
    const walks = tapes.map((tape, i) => halves(tape, [inputs[i] as tf.Tensor, w1, w2], [inputs[i] as tf.Tensor]))
    const [a, b, c] = walks as [(typeof walks)[0], (typeof walks)[0], (typeof walks)[0]]
    for (const half of [a.first, b.first, b.second, c.first, a.second, c.second]) half()
    expect(walks.map(({ found }) => found)).toEqual(expected)
    disposeAll([inputs, tapes.map(({ outputs }) => outputs)])
    for (const tape of tapes) tape.dispose()
  })

  test('take no input, all of them, one that is listed twice, and one that no output depends on', () => {
    const f = () => tf.sum(tf.tanh(tf.matMul(tf.tanh(tf.matMul(x, w1)), w1)))
    const sources = [x, w1, unused, x]
    const whole = record(f, sources)
    const expected = gradientsOf(whole, sources)
    whole.dispose()
    const cases = [[], sources, [w1], [x, unused]] as const
    const orders = cases.map((inputs) => {
      const tape = record(f, sources)
      const walk = halves(tape, sources, inputs)
      walk.first()
      walk.second()
      expect(walk.found).toEqual(expected)
      tape.dispose()
      return walk.order.map((order) => [...order].sort())
    })
    expect(orders).toEqual([
      [[], [0, 1, 3]],
      [[0, 1, 3], []],
      [[1], [0, 3]],
      [[0, 3], [1]],
    ])
  })

  test('take gradients of several outputs, of which some lie on no path, and parts of outputs', () => {
    const f = () => {
      const [left, right] = tf.split(tf.matMul(x, w1), 2, 1) as [tf.Tensor, tf.Tensor]
      const parts = tf.unstack(tf.mul(w2, 2)) as tf.Tensor[]
      return [tf.mul(left, parts[0] as tf.Tensor), tf.sum(right), tf.sum(tf.exp(w2)), tf.square(unused)]
    }
    const sources = [x, w1, w2, unused]
    const seeds = [normal([5, 4], 21), null, tf.scalar(2), normal([3], 22)]
    const whole = record(f, sources)
    const expected = gradientsOf(whole, sources, seeds)
    const split = record(f, sources)
    const walk = halves(split, sources, [x], seeds)
    walk.first()
    disposeAll(seeds)
    walk.second()
    expect(walk.found).toEqual(expected)
    for (const tape of [whole, split]) tape.dispose()
  })
})

describe('what the first half does', () => {
  test('it asks a gradient function once, and only for what leads to the inputs', () => {
    const log: string[] = []
    const gradient: Thunks = (dy) => {
      log.push('gradient')
      // Made before anybody asks, as the dz of a fused activation is: it has to live until the second half.
      const dz = tf.mul(dy, 2)
      return {
        a: () => {
          log.push('a')
          return towards.a(dz)
        },
        b: () => {
          log.push('b')
          return towards.b(dz)
        },
      }
    }
    const f = () => tf.sum(product(x, w1, gradient))
    const whole = record(f, [x, w1])
    const expected = gradientsOf(whole, [x, w1])
    log.length = 0
    const split = record(f, [x, w1])
    const walk = halves(split, [x, w1], [x])
    walk.first()
    expect(log).toEqual(['gradient', 'a'])
    walk.second()
    expect(log).toEqual(['gradient', 'a', 'b'])
    expect(walk.found).toEqual(expected)
    for (const tape of [whole, split]) tape.dispose()
  })

  test('gradients that were computed together are taken together, once, and free what they came from', () => {
    let calls = 0
    const custom = tf.customGrad((...operands) => {
      const [a, b, save] = operands as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc]
      save([a, b])
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
        calls++
        const [left, right] = saved as [tf.Tensor2D, tf.Tensor2D]
        return [tf.matMul(dy as tf.Tensor2D, right, false, true), tf.matMul(left, dy as tf.Tensor2D, true)]
      }
      return { value: tf.matMul(a, b), gradFunc }
    })
    const sources = [x, w1]
    const whole = record(() => tf.sum(custom(x, w1)), sources)
    const expected = gradientsOf(whole, sources)
    whole.dispose()
    calls = 0
    const split = record(() => tf.sum(custom(x, w1)), sources)
    const walk = halves(split, sources, [x])
    walk.first()
    // The output, and the gradient of w1.
    const held = engineMemory()
    walk.second()
    expect(calls).toBe(1)
    expect(walk.found).toEqual(expected)
    expect(held.tensors - engineMemory().tensors).toBe(1)
    expect(engineMemory().tensors - before.tensors).toBe(4 + 1)
    split.dispose()
  })

  test('an operation whose inputs all lead to the inputs is done with, one that none does is left alone', () => {
    const log: string[] = []
    const noting = (entry: string, gradient: () => tf.Tensor) => () => {
      log.push(entry)
      return gradient()
    }
    const named =
      (name: string): Thunks =>
      (dy) => ({ a: noting(`${name}.a`, () => towards.a(dy)), b: noting(`${name}.b`, () => towards.b(dy)) })
    const y = normal([5, 8], 31)
    const f = () => tf.sum(tf.add(product(x, w1, named('both')), tf.mul(y, tf.tanh(product(y, w1, named('rest'))))))
    const sources = [x, w1, y]
    const split = record(f, sources)
    const walk = halves(split, sources, [x, w1])
    walk.first()
    // w1 is reached through both, and is final only when the second product has been walked too.
    expect(log).toEqual(['rest.b', 'both.a', 'both.b'])
    expect(walk.order).toEqual([[0, 1], []])
    walk.second()
    expect(log.slice(3)).toEqual(['rest.a'])
    y.dispose()
    split.dispose()
  })

  test('a recomputed unit is run again in the first half, once', () => {
    let runs = 0
    const unit = () =>
      recompute(
        ([input]) => {
          runs++
          return tf.tanh(tf.matMul(input as tf.Tensor2D, w1))
        },
        [tf.mul(x, 2)],
        [w1],
      )
    const f = () => tf.sum(tf.matMul(unit(), w2))
    const sources = [x, w1, w2]
    const whole = record(f, sources)
    const expected = gradientsOf(whole, sources)
    const split = record(f, sources)
    runs = 0
    const walk = halves(split, sources, [x])
    walk.first()
    walk.second()
    expect(runs).toBe(1)
    expect(walk.found).toEqual(expected)
    for (const tape of [whole, split]) tape.dispose()
  })
})

describe('nothing leaks', () => {
  const f = () => tf.sum(tf.matMul(tf.tanh(tf.matMul(tf.tanh(tf.matMul(x, w1)), w1)), w2))
  const boom = () => {
    throw new Error('boom')
  }

  test('when the second half never comes, before it or in the middle of either', () => {
    const between = record(f, [x, w1, w2])
    between.backwardInputs(undefined, [x], dispose)
    expect(engineMemory().tensors).toBeGreaterThan(before.tensors + 5)
    between.dispose()
    between.dispose()
    expect(engineMemory().tensors).toBe(before.tensors + 4)
    const early = record(f, [x, w1, w2])
    early.backwardInputs(undefined, [x], (_source, gradient) => {
      gradient.dispose()
      early.dispose()
    })
    refusal('LEVIN_TAPE', () => early.backwardRest(dispose))
    expect(engineMemory().tensors).toBe(before.tensors + 4)
    const late = record(f, [x, w1, w2])
    late.backwardInputs(undefined, [x], dispose)
    let calls = 0
    late.backwardRest((_source, gradient) => {
      calls++
      gradient.dispose()
      late.dispose()
    })
    expect(calls).toBe(1)
  })

  test('when a callback or a gradient function throws, in either half', () => {
    const first = record(f, [x, w1, w2])
    expect(() => first.backwardInputs(undefined, [x], boom)).toThrow('boom')
    expect(first.outputs.isDisposed).toBe(true)
    const second = record(f, [x, w1, w2])
    second.backwardInputs(undefined, [x], dispose)
    expect(() => second.backwardRest(boom)).toThrow('boom')
    expect(second.outputs.isDisposed).toBe(true)
    expect(engineMemory().tensors).toBe(before.tensors + 4)
    const failing: Thunks = (dy) => ({ a: () => towards.a(tf.mul(dy, 2)), b: () => tf.add(tf.mul(dy, 2), boom()) })
    for (const inputs of [[x], [w1]]) {
      const tape = record(() => tf.sum(tf.tanh(product(tf.tanh(x), tf.tanh(w1), failing))), [x, w1])
      const walk = () => {
        tape.backwardInputs(undefined, inputs, dispose)
        tape.backwardRest(dispose)
      }
      expect(walk).toThrow('boom')
    }
    const wrong: Thunks = (dy) => ({ a: () => towards.a(dy), b: () => tf.sum(dy) })
    const tape = record(() => tf.sum(product(x, w1, wrong)), [x, w1])
    tape.backwardInputs(undefined, [x], dispose)
    refusal('LEVIN_SHAPE', () => tape.backwardRest(dispose))
  })

  test('and what is done with is freed as the halves go on', () => {
    const alive: number[] = []
    const note = (_source: tf.Tensor, gradient: tf.Tensor) => {
      gradient.dispose()
      alive.push(engineMemory().tensors)
    }
    const tape = record(f, [x, w1, w2])
    tape.backwardInputs(undefined, [x], note)
    tape.backwardRest(note)
    // x; then w2, whose operands are gone; then w1, the last: only what is outside the tape, and its output.
    expect(alive[1]).toBeLessThan(alive[0] as number)
    expect(alive[2]).toBe(before.tensors + 4 + 1)
    tape.dispose()
  })
})

test('misuse has its own errors', () => {
  const f = () => tf.sum(tf.matMul(x, w1))
  const tape = record(f, [x, w1])
  refusal('LEVIN_TAPE', () => tape.backwardRest(dispose))
  expect(refusal('LEVIN_TAPE', () => tape.backwardInputs(undefined, [w2], dispose)).message).toMatch(
    /input 0.*2 sources/,
  )
  tape.backwardInputs(undefined, [x], (_source, gradient) => {
    gradient.dispose()
    expect(refusal('LEVIN_TAPE', () => tape.backwardRest(dispose)).message).toMatch(/has not ended/)
  })
  refusal('LEVIN_TAPE', () => tape.backward(undefined, dispose))
  refusal('LEVIN_TAPE', () => tape.backwardInputs(undefined, [x], dispose))
  tape.backwardRest(dispose)
  refusal('LEVIN_TAPE', () => tape.backwardRest(dispose))
  tape.dispose()
  expect(refusal('LEVIN_TAPE', () => tape.backwardRest(dispose)).message).toMatch(/disposed/)
  expect(internals().state.gradientDepth).toBe(0)
})

// --- Internal helpers ---

/** Numbers in [0, 1): a linear congruence, good enough to draw graphs. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Each line of the plan is an operation, and where it takes its operands from. */
function graph(sources: readonly tf.Tensor[], plan: readonly (readonly [number, number, number])[]): tf.Tensor {
  const both = tf.customGrad((...operands) => {
    const [a, b] = operands as [tf.Tensor, tf.Tensor]
    return { value: tf.add(a, b), gradFunc: (dy: tf.Tensor) => [dy, tf.mul(dy, 1)] }
  })
  const operations: ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor)[] = [
    (a, b) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
    (a, b) => tf.mul(a, b),
    (a, b) => tf.add(a, b),
    (a, b) => tf.sub(a, tf.mean(b, 0)),
    (a) => tf.tanh(a),
    (a) => tf.softmax(a),
    both,
    (a, b) => tf.slice(tf.concat([a, b], 0), [2, 0], [4, 4]),
  ]
  const known = [...sources]
  for (const [which, first, second] of plan) {
    const operation = operations[Math.floor(which * operations.length)] as (typeof operations)[0]
    const pick = (at: number) => known[Math.floor(at * known.length)] as tf.Tensor
    known.push(tf.tanh(operation(pick(first), pick(second))))
  }
  return tf.sum(tf.addN(known.slice(-4)))
}
