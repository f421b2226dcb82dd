import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import {
  type AdamUpdateOptions,
  accumulate,
  adamUpdate,
  clipCoefficient,
  type GradientOptions,
  type RmspropUpdateOptions,
  rmspropUpdate,
  type SgdUpdateOptions,
  sgdUpdate,
  squaredNorm,
} from '../src/index.js'
import { checkLeaks, expectClose, numbers, type Values } from './support.js'

type Slots = Record<string, Values>
type Options<O> = Omit<O, 'step'>

/** What all references do to a gradient first, in PyTorch's order. */
function prepared(g: number, { gradientScale = 1, clipValue, maximize = false }: GradientOptions): number {
  const scaled = g * (gradientScale as number)
  const clipped = clipValue ? Math.max(-clipValue, Math.min(clipValue, scaled)) : scaled
  return maximize ? -clipped : clipped
}

/** One element, one step, written from torch.optim's documentation; `s` holds its state and is changed. */
type Rule<O> = (p: number, g: number, s: Record<string, number>, options: O, step: number) => number

const sgdRule: Rule<Options<SgdUpdateOptions>> = (p, g, s, o, step) => {
  const { learningRate, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = o
  let d = prepared(g, o) + weightDecay * p
  if (momentum !== 0) {
    const buffer = step === 1 ? d : momentum * (s['momentumBuffer'] as number) + (1 - dampening) * d
    s['momentumBuffer'] = buffer
    d = nesterov ? d + momentum * buffer : buffer
  }
  return p - learningRate * d
}

const adamRule: Rule<Options<AdamUpdateOptions>> = (p, g, s, o, step) => {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = o
  let d = prepared(g, o)
  let theta = p
  if (o.decoupled) theta -= learningRate * weightDecay * p
  else d += weightDecay * p
  const m = beta1 * (s['firstMoment'] as number) + (1 - beta1) * d
  const v = beta2 * (s['secondMoment'] as number) + (1 - beta2) * d * d
  const max = Math.max((s['maxSecondMoment'] as number | undefined) ?? 0, v)
  Object.assign(s, { firstMoment: m, secondMoment: v }, o.amsgrad ? { maxSecondMoment: max } : {})
  // torch: denominator = sqrt(v) / sqrt(bias correction 2) + epsilon.
  const denominator = Math.sqrt(o.amsgrad ? max : v) / Math.sqrt(1 - beta2 ** step) + epsilon
  return theta - (learningRate / (1 - beta1 ** step)) * (m / denominator)
}

const rmspropRule: Rule<RmspropUpdateOptions> = (p, g, s, o) => {
  const { learningRate, alpha = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0, centered = false } = o
  const d = prepared(g, o) + weightDecay * p
  const v = alpha * (s['squareAverage'] as number) + (1 - alpha) * d * d
  s['squareAverage'] = v
  let variance = v
  if (centered) {
    const average = alpha * (s['gradientAverage'] as number) + (1 - alpha) * d
    s['gradientAverage'] = average
    variance -= average * average
  }
  const u = d / (Math.sqrt(variance) + epsilon)
  if (momentum === 0) return p - learningRate * u
  s['momentumBuffer'] = momentum * (s['momentumBuffer'] as number) + u
  return p - learningRate * (s['momentumBuffer'] as number)
}

interface Entry {
  parameter: tf.Tensor
  gradient: tf.Tensor
  [slot: string]: tf.Tensor
}

/** Ten steps of two parameters by the op and by the rule; gradients differ at every step. */
function compare<O extends GradientOptions>(
  update: (entries: Entry[], options: O & { step: number }) => object[],
  rule: Rule<O>,
  slots: string[],
  options: O,
): void {
  const shapes = [[2, 3], [1]]
  const state = shapes.map((shape, index) => {
    const size = shape.reduce((product, n) => product * n, 1)
    const zeros: Slots = Object.fromEntries(slots.map((slot) => [slot, new Array<number>(size).fill(0)]))
    const parameter = numbers(size, index + 1)
    const tensors = Object.fromEntries(
      ['parameter', ...slots].map((name) => [
        name,
        tf.tensor(name === 'parameter' ? parameter : (zeros[name] as Values), shape),
      ]),
    )
    return { shape, size, values: { parameter, ...zeros } as Slots, tensors }
  })
  for (let step = 1; step <= 10; step++) {
    const gradients = state.map(({ size }, index) => numbers(size, 100 * step + index))
    const tensors = state.map(({ shape }, index) => tf.tensor(gradients[index] as Values, shape))
    const entries = state.map((s, index) => ({ ...s.tensors, gradient: tensors[index] }) as unknown as Entry)
    const results = update(entries, { ...options, step })
    state.forEach((s, index) => {
      for (const [name, old] of Object.entries(s.tensors)) {
        expect(old.isDisposed, 'inputs stay alive').toBe(false)
        old.dispose()
        s.tensors[name] = (results[index] as Record<string, tf.Tensor>)[name] as tf.Tensor
      }
      expect(Object.keys(results[index] as object).sort()).toEqual(['parameter', ...slots].sort())
      for (let i = 0; i < s.size; i++) {
        const own = Object.fromEntries(slots.map((slot) => [slot, s.values[slot]?.[i] as number]))
        const p = s.values['parameter'] as Values
        p[i] = rule(p[i] as number, gradients[index]?.[i] as number, own, options, step)
        for (const slot of slots) (s.values[slot] as Values)[i] = own[slot] as number
      }
      for (const [name, tensor] of Object.entries(s.tensors)) {
        expectClose(tensor.dataSync(), s.values[name] as Values, 1e-5, `${name} at step ${step}`)
      }
    })
    tf.dispose(tensors)
  }
  for (const { tensors } of state) tf.dispose(tensors)
}

describe('sgdUpdate', () => {
  checkLeaks()
  it.each<Options<SgdUpdateOptions>>([
    { learningRate: 0.1 },
    { learningRate: 0.1, weightDecay: 0.3 },
    { learningRate: 0.1, momentum: 0.9 },
    { learningRate: 0.1, momentum: 0.9, dampening: 0.4, weightDecay: 0.1, maximize: true },
    { learningRate: 0.1, momentum: 0.9, nesterov: true },
    { learningRate: 0.1, gradientScale: 0.5, clipValue: 0.6 },
  ])('takes the steps of torch.optim.SGD with %j', (options) => {
    compare((entries, o) => sgdUpdate(entries, o), sgdRule, options.momentum ? ['momentumBuffer'] : [], options)
  })
})

describe('adamUpdate', () => {
  checkLeaks()
  it.each<Options<AdamUpdateOptions>>([
    { learningRate: 0.01 },
    { learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 0.1 },
    { learningRate: 0.01, weightDecay: 0.2 },
    { learningRate: 0.01, weightDecay: 0.2, decoupled: true },
    { learningRate: 0.01, amsgrad: true, beta2: 0.5, maximize: true },
    { learningRate: 0.01, weightDecay: 0.2, decoupled: true, amsgrad: true, gradientScale: 0.1, clipValue: 0.15 },
  ])('takes the steps of torch.optim.Adam and AdamW with %j', (options) => {
    const slots = ['firstMoment', 'secondMoment', ...(options.amsgrad ? ['maxSecondMoment'] : [])]
    compare((entries, o) => adamUpdate(entries as never, o), adamRule, slots, options)
  })

  it('computes bias corrections in double precision, which single precision cannot at step 1', () => {
    const [parameter, gradient] = [tf.tensor1d([0]), tf.tensor1d([1])]
    const [firstMoment, secondMoment] = [tf.zeros([1]), tf.zeros([1])]
    const options = { learningRate: 1, beta2: 1 - 1e-9, step: 1, epsilon: 0 }
    const [values] = adamUpdate([{ parameter, gradient, firstMoment, secondMoment }], options)
    expect(values?.parameter.dataSync()[0]).toBeCloseTo(-1, 3)
    tf.dispose([parameter, gradient, firstMoment, secondMoment, { ...values }])
  })
})

describe('rmspropUpdate', () => {
  checkLeaks()
  it.each<RmspropUpdateOptions>([
    { learningRate: 0.01 },
    { learningRate: 0.01, alpha: 0.9, epsilon: 0.1, weightDecay: 0.1 },
    { learningRate: 0.01, momentum: 0.9, maximize: true },
    { learningRate: 0.01, centered: true, alpha: 0.9, epsilon: 0.01 },
    { learningRate: 0.01, centered: true, alpha: 0.9, epsilon: 0.01, momentum: 0.5, clipValue: 1 },
  ])('takes the steps of torch.optim.RMSprop with %j', (options) => {
    const slots = ['squareAverage']
    if (options.centered) slots.push('gradientAverage')
    if (options.momentum) slots.push('momentumBuffer')
    compare((entries, o) => rmspropUpdate(entries as never, o), rmspropRule, slots, options)
  })
})

describe('updates', () => {
  checkLeaks()

  it('take the gradient scale as a tensor, so that clipping by norm reads nothing back', () => {
    const [parameter, gradient] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])]
    const norm = squaredNorm([gradient])
    const gradientScale = clipCoefficient(norm, 1)
    const [values] = sgdUpdate([{ parameter, gradient }], { learningRate: 1, step: 1, gradientScale })
    expectClose(values?.parameter.dataSync() as Float32Array, [1 - 3 / 5, 2 - 4 / 5])
    tf.dispose([parameter, gradient, norm, gradientScale, { ...values }])
  })

  it('keep their results beyond the scope they were made in', () => {
    const [parameter, gradient] = [tf.tensor1d([1]), tf.tensor1d([1])]
    let value: tf.Tensor | undefined
    tf.tidy(() => {
      value = sgdUpdate([{ parameter, gradient }], { learningRate: 0.5, step: 1 })[0]?.parameter
    })
    expect(value?.isDisposed).toBe(false)
    value?.dispose()
    tf.dispose([parameter, gradient])
  })

  it('say which entry and tensor does not fit', () => {
    tf.tidy(() => {
      const [parameter, gradient] = [tf.ones([2]), tf.ones([2])]
      const options = { learningRate: 1, step: 1 }
      expect(() => sgdUpdate([{ parameter, gradient: tf.ones([3]) }], options)).toThrow(
        /sgdUpdate: `gradient` must have shape \[2\] .*entry 0.*\[3\]/,
      )
      expect(() => sgdUpdate([{ parameter, gradient }], { ...options, momentum: 0.9 })).toThrow(
        /entry 0 needs `momentumBuffer`/,
      )
      expect(() => sgdUpdate([{ parameter, gradient }], { ...options, step: 0 })).toThrow(/`step`.*from 1, but is 0/)
      expect(() =>
        sgdUpdate([{ parameter, gradient }], { ...options, gradientScale: tf.ones([1]) as tf.Scalar }),
      ).toThrow(/`gradientScale` must have shape \[\]/)
    })
    expect(sgdUpdate([], { learningRate: 1, step: 1 })).toEqual([])
  })
})

describe('squaredNorm', () => {
  checkLeaks()
  it('sums squares over tensors of any shape', () => {
    tf.tidy(() => {
      const tensors = [[2, 3], [4], [], [0, 5]].map((shape, i) =>
        tf.tensor(
          numbers(
            shape.reduce((a, b) => a * b, 1),
            i,
          ),
          shape,
        ),
      )
      const expected = tensors.flatMap((tensor) => [...tensor.dataSync()]).reduce((sum, x) => sum + x * x, 0)
      expectClose(squaredNorm(tensors).dataSync(), [expected])
      expect(squaredNorm([]).dataSync()[0]).toBe(0)
      expect(squaredNorm([tf.ones([3])]).shape).toEqual([])
    })
  })
})

describe('squaredNorm in a loss', () => {
  checkLeaks()
  it('has the gradient 2x for each tensor, also for one that is given twice', () => {
    tf.tidy(() => {
      const [a, b] = [tf.tensor1d([1, -2]), tf.scalar(3)]
      const [da, db] = tf.grads((a: tf.Tensor, b: tf.Tensor) => squaredNorm([a, b, a]))([a, b]) as [
        tf.Tensor,
        tf.Tensor,
      ]
      expect([...da.dataSync(), ...db.dataSync()]).toEqual([4, -8, 6])
    })
  })
})

describe('clipCoefficient', () => {
  checkLeaks()
  it.each([
    [100, 1, 1 / (10 + 1e-6)],
    [0.25, 1, 1],
    [0, 1, 1],
  ])('of squared norm %f and bound %f is %f', (squared, maxNorm, expected) => {
    tf.tidy(() => {
      expectClose(clipCoefficient(tf.scalar(squared), maxNorm).dataSync(), [expected], 1e-6)
    })
  })
  it('refuses a bound of zero', () => {
    tf.tidy(() => {
      expect(() => clipCoefficient(tf.scalar(1), 0)).toThrow(/`maxNorm` must be above 0/)
    })
  })
})

describe('accumulate', () => {
  checkLeaks()
  it('adds a weighted gradient, the weight a number or a tensor, and leaves its inputs alone', () => {
    const [target, gradient, weight] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20]), tf.scalar(0.5)]
    const results = tf.tidy(() => [
      accumulate(target, gradient),
      accumulate(target, gradient, 2),
      accumulate(target, gradient, weight),
    ])
    expect(results.map((result) => [...result.dataSync()])).toEqual([
      [11, 22],
      [21, 42],
      [6, 12],
    ])
    expect([...target.dataSync()]).toEqual([1, 2])
    tf.dispose([target, gradient, weight, results])
  })
})
