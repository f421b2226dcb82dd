import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { disposeAll, engineMemory, keep, record, sharesData, type Tape, untaped } from '../src/engine.js'
import { engineSnapshot, gradients, gradientsOf, normal, reference, refusal, values } from './engine-fixture.js'

let w1: tf.Variable<tf.Rank.R2>
let w2: tf.Variable<tf.Rank.R2>
let unused: tf.Variable
let a: tf.Tensor2D
let b: tf.Tensor2D
let before: ReturnType<typeof engineSnapshot>

const forward = (x: tf.Tensor2D) => tf.matMul(tf.relu(tf.matMul(x, w1)), w2)
const loss = (x: tf.Tensor2D) => tf.mean(tf.square(forward(x)))
const dispose = (_source: tf.Tensor, gradient: tf.Tensor) => gradient.dispose()

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  tf.tidy(() => {
    w1 = tf.variable(normal<tf.Rank.R2>([8, 16], 1))
    w2 = tf.variable(normal<tf.Rank.R2>([16, 4], 2))
    unused = tf.variable(normal([3], 5))
  })
  a = normal<tf.Rank.R2>([5, 8], 3)
  b = normal<tf.Rank.R2>([5, 8], 4)
  before = engineSnapshot()
})

// Every test of this file must leave the engine as it found it.
afterEach(() => {
  expect(engineSnapshot()).toEqual(before)
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
    expect(tapeA.outputs.dataSync()).toEqual(tf.tidy(() => loss(a).dataSync()))
    tapeA.dispose()
    tapeB.dispose()
  })

  test('a tape lives across an await', async () => {
    const tape = record(() => loss(a), [w1])
    await new Promise((resolve) => setTimeout(resolve))
    expect(gradientsOf(tape, [w1])).toEqual(reference(() => loss(a), [w1]))
    tape.dispose()
  })

  test('delivers each gradient as soon as it is final, in reverse order of use, with what lies behind freed', () => {
    const order: string[] = []
    const alive: number[] = []
    const tape = record(() => loss(a), [w1, w2, unused])
    tape.backward(undefined, (source, gradient, index) => {
      order.push(source === w1 ? `w1 at ${index}` : `w2 at ${index}`)
      gradient.dispose()
      alive.push(engineMemory().tensors)
    })
    expect(order).toEqual(['w2 at 1', 'w1 at 0'])
    expect(alive[1]).toBeLessThan(alive[0] as number)
    // The parameters and inputs, and the one output.
    expect(alive[1]).toBe(before.tensors + 1)
    tape.dispose()
  })

  test('a source that no output depends on is never delivered, and the tape says so', () => {
    const tape = record(() => loss(a), [w1, unused])
    expect(tape.connected).toEqual([true, false])
    expect([tape.reaches(w1), tape.reaches(unused), tape.reaches(w2)]).toEqual([true, false, false])
    expect(gradientsOf(tape, [w1, unused])[1]).toBeUndefined()
    tape.dispose()
    const constant = record(() => tf.scalar(1), [w1])
    expect(constant.connected).toEqual([false])
    expect(gradientsOf(constant, [w1])).toEqual([undefined])
    constant.dispose()
  })

  test('a tensor used several times gets the sum, and its partial sums are freed', () => {
    const f = () => tf.sum(tf.add(tf.mul(w1, w1), tf.mul(tf.add(w1, w1), tf.exp(w1))))
    expect(gradients(f, [w1])).toEqual(reference(f, [w1]))
  })

  test('a number seeds a scalar loss, as the weight of a micro-batch does', () => {
    const tape = record(() => loss(a), [w2])
    const weighted = gradientsOf(tape, [w2], 0.25)[0] as number[]
    const whole = reference(() => loss(a), [w2])[0] as number[]
    weighted.forEach((value, i) => {
      expect(value).toBeCloseTo(0.25 * (whole[i] as number), 6)
    })
    tape.dispose()
  })

  test('gradients of several outputs come in by tensor, and null leaves one out', () => {
    const outputs = () => {
      const hidden = tf.relu(tf.matMul(a, w1))
      return { hidden, nested: [tf.matMul(hidden, w2), 3, 'text'] as const, classes: tf.argMax(hidden, 1) }
    }
    const tape = record(outputs, [w1, w2])
    expect(tape.outputs.nested.slice(1)).toEqual([3, 'text'])
    expect(tape.tensors.map(({ shape }) => shape)).toEqual([[5, 16], [5, 4], [5]])
    const dHidden = normal([5, 16], 7)
    const dLogits = normal([5, 4], 8)
    expect(gradientsOf(tape, [w1, w2], [dHidden, dLogits, null])).toEqual(
      reference(() => {
        const { hidden, nested } = outputs()
        // The order of the sum is the walk's: the output's own gradient first.
        return tf.add(tf.sum(tf.mul(nested[0], dLogits)), tf.sum(tf.mul(hidden, dHidden)))
      }, [w1, w2]),
    )
    tape.dispose()
    const part = record(outputs, [w1, w2])
    expect(gradientsOf(part, [w1, w2], [dHidden, null, undefined])[1]).toBeUndefined()
    part.dispose()
    disposeAll([dHidden, dLogits])
  })

  test('an output that is a source, a tensor from outside or twice the same keeps the fates of tensors apart', () => {
    const tape = record(() => {
      const y = tf.square(w1)
      return [w1, a, y, y] as const
    }, [w1])
    const ones = tf.ones([8, 16])
    const twos = tf.fill([8, 16], 2)
    const expected = values(w1).map((x) => Math.fround(1 + 3 * 2 * x))
    const found = gradientsOf(tape, [w1], [ones, null, ones, twos])[0] as number[]
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 5)
    })
    tape.dispose()
    expect([w1.isDisposed, a.isDisposed]).toEqual([false, false])
    disposeAll([ones, twos])
  })

  test('two sources may receive the same data, each as a tensor of its own', () => {
    const x = tf.ones([3])
    const y = tf.ones([3])
    const tape = record(() => tf.sum(tf.add(x, y)), [x, y])
    const received: tf.Tensor[] = []
    tape.backward(undefined, (_source, gradient) => received.push(gradient))
    tape.dispose()
    const [first, second] = received as [tf.Tensor, tf.Tensor]
    expect(sharesData(first)).toBe(first.dataId === second.dataId)
    first.dispose()
    expect(values(second)).toEqual([1, 1, 1])
    expect(sharesData(second)).toBe(false)
    disposeAll([second, x, y])
  })

  test('a gradient function may hand on its operand, a saved tensor, or one tensor twice', () => {
    const sum = tf.customGrad((...operands) => {
      const [x, y, save] = operands as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
      save([x])
      return { value: tf.add(x, y), gradFunc: (dy: tf.Tensor) => [dy, dy] }
    })
    const same = tf.customGrad((...operands) => {
      const [x, y] = operands as [tf.Tensor, tf.Tensor]
      return {
        value: tf.add(x, y),
        gradFunc: (dy: tf.Tensor) => {
          const both = tf.mul(dy, 3)
          return [both, both]
        },
      }
    })
    const kept = tf.customGrad((...operands) => {
      const [x, save] = operands as [tf.Tensor, tf.GradSaveFunc]
      save([x])
      return { value: tf.square(x), gradFunc: (_dy: tf.Tensor, saved: tf.Tensor[]) => [saved[0] as tf.Tensor] }
    })
    const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])] as const
    const f = () => tf.sum(sum(tf.exp(sum(x, y)), same(kept(x), tf.mul(same(y, y), 2))))
    const e = [Math.exp(4), Math.exp(6)].map(Math.fround) as [number, number]
    const [dx, dy] = gradients(f, [x, y]) as [number[], number[]]
    // d/dx: exp(x + y) through both sums, and the operand that kept hands on in place of its gradient.
    expect(dx).toEqual([Math.fround(e[0] + 1), Math.fround(e[1] + 2)])
    expect(dy).toEqual(e.map((value) => Math.fround(value + 36)))
    disposeAll([x, y])
  })

  test('a source that is listed twice is delivered twice', () => {
    const tape = record(() => tf.sum(tf.square(w1)), [w1, unused, w1])
    expect(tape.connected).toEqual([true, false, true])
    const [first, , second] = gradientsOf(tape, [w1, unused, w1])
    expect(first).toEqual(reference(() => tf.sum(tf.square(w1)), [w1])[0])
    expect(second).toEqual(first)
    tape.dispose()
  })

  test('integers end the path of a gradient', () => {
    const tape = record(() => tf.sum(tf.gather(w2, tf.argMax(tf.matMul(a, w1), 1))), [w1, w2])
    expect(tape.connected).toEqual([false, true])
    tape.backward(undefined, dispose)
    tape.dispose()
  })

  test('the callback works in the scope of the caller: what it makes lives on', () => {
    const made: tf.Tensor[] = []
    const tape = record(() => loss(a), [w1, w2])
    tape.backward(undefined, (_source, gradient) => {
      made.push(tf.mul(gradient, 2))
      gradient.dispose()
    })
    tape.dispose()
    expect(made.map(({ isDisposed }) => isDisposed)).toEqual([false, false])
    disposeAll(made)
  })
})

describe('what a tape holds', () => {
  test('nothing is saved for what no source reaches or no output needs', () => {
    const held = (f: () => tf.Tensor, sources: tf.Tensor[]) => {
      const tape = record(f, sources)
      const { tensors } = engineMemory()
      tape.dispose()
      return tensors - before.tensors - 1
    }
    expect(held(() => tf.square(tf.exp(tf.mul(a, a))), [w1])).toBe(0)
    const both = () => {
      tf.exp(tf.square(w1))
      return tf.square(w1)
    }
    expect(held(both, [w1])).toBe(held(() => tf.square(w1), [w1]))
  })

  test('a sum keeps neither of its operands alive', () => {
    const residual = () => tf.sum(tf.add(tf.exp(w1), tf.neg(w1)))
    const tape = record(residual, [w1])
    // The output, and what exp saved: its own output.
    expect(engineMemory().buffers - before.buffers).toBe(2)
    expect(gradientsOf(tape, [w1])).toEqual(reference(residual, [w1]))
    tape.dispose()
  })

  test('a tape that is never walked leaks nothing, and dispose may be called twice', () => {
    const tape = record(() => loss(a), [w1, w2])
    tape.dispose()
    tape.dispose()
    expect(tape.outputs.isDisposed).toBe(true)
  })

  test('outputs are the tape’s, whatever scope it was made in', () => {
    let tape: Tape<tf.Tensor> | undefined
    tf.tidy(() => {
      tape = record(() => loss(a), [w1])
    })
    if (tape === undefined) throw new Error('no tape')
    expect(tape.outputs.isDisposed).toBe(false)
    tape.backward(undefined, dispose)
    expect(tape.outputs.isDisposed).toBe(false)
    tape.dispose()
  })

  test('a tensor that the function keeps stays its own', () => {
    let kept: tf.Tensor | undefined
    const tape = record(() => {
      kept = keep(tf.square(w1))
      return kept
    }, [w1])
    tape.dispose()
    expect(kept?.isDisposed).toBe(false)
    kept?.dispose()
  })

  test('may be disposed from inside the walk, which then ends', () => {
    const tape = record(() => loss(a), [w1, w2])
    let calls = 0
    tape.backward(undefined, (_source, gradient) => {
      calls++
      gradient.dispose()
      tape.dispose()
    })
    expect(calls).toBe(1)
  })
})

describe('recordings inside one another', () => {
  test('a recording inside a recording is a constant to the outer one', () => {
    const outer = record(() => {
      const inner = record(() => loss(a), [w1])
      const found = gradientsOf(inner, [w1])
      expect(found).toEqual(reference(() => loss(a), [w1]))
      const constant = inner.outputs.clone()
      inner.dispose()
      return tf.mul(constant, tf.sum(w2))
    }, [w1, w2])
    expect(outer.connected).toEqual([false, true])
    outer.backward(undefined, dispose)
    outer.dispose()
  })

  test('a recording inside tf.variableGrads, and in its backward, leaves that one right', () => {
    const square = tf.customGrad((...operands) => {
      const [x, save] = operands as [tf.Tensor, tf.GradSaveFunc]
      save([x])
      return {
        value: tf.square(x),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const inner = record(() => tf.square(saved[0] as tf.Tensor), [saved[0] as tf.Tensor])
          let found: tf.Tensor | undefined
          inner.backward([dy], (_source, gradient) => {
            found = gradient.clone()
            gradient.dispose()
          })
          inner.dispose()
          return found as tf.Tensor
        },
      }
    })
    const expected = reference(() => tf.sum(tf.square(w1)), [w1])
    expect(reference(() => tf.sum(square(w1)), [w1])).toEqual(expected)
    expect(gradients(() => tf.sum(square(w1)), [w1])).toEqual(expected)
  })

  test('a recording inside the forward of an operation records all the same', () => {
    const expected = reference(() => loss(a), [w1])
    const operation = tf.customGrad((x) => {
      expect(gradients(() => loss(a), [w1])).toEqual(expected)
      return {
        value: tf.square(x as tf.Tensor),
        gradFunc: (dy: tf.Tensor) => {
          expect(gradients(() => loss(a), [w1])).toEqual(expected)
          return dy
        },
      }
    })
    expect(gradients(() => tf.sum(operation(w2)), [w2])[0]).toEqual(values(w2).map(() => 1))
  })

  test('tf.grad inside a recording is differentiated through, as in tf.variableGrads', () => {
    const penalty = () => {
      const [dx] = tf.grads((x: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(x as tf.Tensor2D, w1))))([a]) as [tf.Tensor]
      return tf.sum(tf.square(dx))
    }
    expect(gradients(penalty, [w1])).toEqual(reference(penalty, [w1]))
  })

  test('tf.grad of something that needs no source works inside a recording', () => {
    const f = () => {
      const dx = tf.grad((x: tf.Tensor) => tf.sum(tf.exp(x)))(a)
      return tf.mul(tf.sum(dx), tf.sum(w2))
    }
    expect(gradients(f, [w2])).toEqual(reference(f, [w2]))
  })

  test('untaped gives constants and frees its intermediates', () => {
    let alive = 0
    const f = () => {
      const start = engineMemory().tensors
      const scale = untaped(() => tf.sum(tf.exp(tf.square(w1))))
      alive = engineMemory().tensors - start
      return tf.mul(scale, tf.sum(w2))
    }
    const tape = record(f, [w1, w2])
    expect(alive).toBe(1)
    expect(tape.connected).toEqual([false, true])
    tape.dispose()
    const through = record(() => tf.sum(untaped(() => w1)), [w1])
    expect(through.connected).toEqual([false])
    through.dispose()
    refusal('LEVIN_ASYNC_STEP', () => untaped(async () => tf.scalar(1)))
    const outside = untaped(() => [tf.scalar(1), { text: 'kept' }] as const)
    expect(outside[1]).toEqual({ text: 'kept' })
    outside[0].dispose()
  })
})

test('a tape says what it holds: outputs, what is saved, and no data where a shape is enough', () => {
  const [x, w, b] = [tf.ones([4, 3]), tf.ones([3, 2]), tf.ones([2])]
  const tape = record(() => tf.sum(tf.square(tf.add(tf.matMul(x, w), b))), [w, b])
  const held = tape.held()
  const distinct = new Set(held.map(({ dataId }) => dataId))
  // The product is kept by nobody, the sum with the bias by the square; of the square itself the last sum needs the shape.
  expect(distinct).toEqual(
    new Set([
      tape.outputs.dataId,
      x.dataId,
      w.dataId,
      ...held.filter(({ size }) => size === 8).map(({ dataId }) => dataId),
    ]),
  )
  expect(held.filter(({ size }) => size === 8)).toHaveLength(1)
  tape.backward(1, (_, gradient) => gradient.dispose())
  expect(tape.held()).toEqual([tape.outputs])
  tape.dispose()
  expect(tape.held()).toEqual([])
  tf.dispose([x, w, b])
})
