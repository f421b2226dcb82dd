import { LevinError, type MetricState, record } from '@levin/core'
import {
  ones,
  reshape,
  scalar,
  sum as sumOf,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
  variable,
  zeros,
} from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import {
  accuracy,
  accuracyMetric,
  confusionMatrix,
  confusionMatrixMetric,
  confusionMatrixOf,
  f1,
  mae,
  mean,
  mse,
  precision,
  precisionMetric,
  r2,
  recall,
  rmse,
  sum,
} from '../src/index.js'
import { aliveTensors, floats, indices, mergedValue, rows } from './states.js'

const read = (state: MetricState): number[] => [...state.state.dataSync<'float32'>()]

describe('mean and sum', () => {
  it('take tensors of any shape and dtype, scalars and numbers', () => {
    expect(
      mergedValue([
        () =>
          mean(
            tensor2d(
              [
                [1, 2],
                [3, 6],
              ],
              [2, 2],
              'int32',
            ),
          ),
        () => mean(scalar(8)),
        () => mean(2, 3),
      ]),
    ).toBeCloseTo((12 + 8 + 6) / 8)
    expect(mergedValue([() => mean(scalar(2), 3), () => mean(6)])).toBe(3)
    expect(
      mergedValue([() => sum(floats([1, 2])), () => sum(4), () => sum(tensor1d([true, false, true], 'bool'))]),
    ).toBe(9)
  })

  it('of nothing are NaN and 0, and nothing adds nothing', () => {
    expect(mergedValue([() => mean(zeros([0]))])).toBeNaN()
    expect(mergedValue([() => sum(zeros([0, 3]))])).toBe(0)
    expect(mergedValue([() => mean(zeros([0]), zeros([0])), () => mean(floats([4]))])).toBe(4)
  })
})

describe('accuracy', () => {
  it('reads sequences as one batch of labels', () => {
    const logits = reshape(
      rows([
        [1, 2],
        [3, 0],
        [0, 1],
        [5, 4],
      ]),
      [2, 2, 2],
    )
    expect(read(accuracy(logits, reshape(indices([1, 0, 0, 0]), [2, 2])))).toEqual([3, 4])
  })

  it('leaves out labels that are to be ignored', () => {
    const logits = rows([
      [1, 2],
      [3, 1],
      [3, 1],
    ])
    expect(read(accuracy(logits, indices([1, 1, -100]), { ignoreIndex: -100 }))).toEqual([1, 2])
    expect(read(accuracy(logits, indices([1, 1, 0]), { ignoreIndex: 0, topK: 2 }))).toEqual([2, 2])
  })

  it('never meets a label outside the classes', () => {
    const logits = rows([
      [1, 2, 3],
      [3, 2, 1],
    ])
    expect(read(accuracy(logits, indices([3, -1])))).toEqual([0, 2])
    expect(read(accuracy(logits, indices([3, -1]), { topK: 2 }))).toEqual([0, 2])
    expect(read(accuracy(logits, indices([3, -1]), { topK: 3 }))).toEqual([0, 2])
  })

  it('gives ties to the lower class, whatever k', () => {
    const logits = rows([[1, 1, 1, 1]])
    for (const topK of [1, 2, 3]) {
      const met = [0, 1, 2, 3].map((label) => read(accuracy(logits, indices([label]), { topK }))[0])
      expect(met).toEqual([0, 1, 2, 3].map((label) => (label < topK ? 1 : 0)))
    }
  })

  it('does not take a diverged model for a perfect one', () => {
    const nan = rows([[Number.NaN, Number.NaN, Number.NaN]])
    expect(read(accuracy(nan, indices([2]), { topK: 2 }))).toEqual([0, 1])
  })

  it('takes one logit per label with a threshold, flat or as a column', () => {
    expect(read(accuracy(rows([[-1], [2], [0.2]]), indices([0, 1, 0]), { threshold: 0 }))).toEqual([2, 3])
    expect(read(accuracy(floats([-1, 2, 0.2]), floats([0, 1, 0]), { threshold: 0 }))).toEqual([2, 3])
    expect(
      read(
        accuracy(
          rows([
            [-1, 2],
            [1, 1],
          ]),
          rows([
            [0, 1],
            [1, 0],
          ]),
          { threshold: 0 },
        ),
      ),
    ).toEqual([3, 4])
  })

  it('of nothing is NaN', () => {
    expect(mergedValue([() => accuracy(zeros([0, 3]), indices([]))])).toBeNaN()
    expect(mergedValue([() => accuracy(zeros([2, 3]), indices([5, 5]), { ignoreIndex: 5 })])).toBeNaN()
    expect(
      mergedValue([() => accuracy(zeros([0, 3]), indices([])), () => accuracy(rows([[1, 0]]), indices([0]))]),
    ).toBe(1)
  })
})

describe('precision, recall, F1 and the confusion matrix', () => {
  it('are 0 of nothing', () => {
    for (const score of [precision, recall, f1]) {
      expect(mergedValue([() => score(zeros([0, 3]), indices([]))])).toBe(0)
      expect(mergedValue([() => score(zeros([0, 3]), indices([]), { average: 'none' })])).toEqual({ 0: 0, 1: 0, 2: 0 })
    }
    expect(confusionMatrixOf(read(confusionMatrix(zeros([0, 2]), indices([]))), { normalise: 'all' })).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  it('leave out ignored labels and their predictions', () => {
    const predictions = indices([0, 1, 1, 0])
    const labels = indices([0, 1, -1, -1])
    const options = { classes: 2, ignoreIndex: -1 }
    expect(mergedValue([() => precision(predictions, labels, { ...options, average: 'none' })])).toEqual({ 0: 1, 1: 1 })
    expect(read(confusionMatrix(predictions, labels, options))).toEqual([1, 0, 0, 1])
  })

  it('have one definition for the same options, from a batch or from none', () => {
    const batch = () => precision(rows([[1, 2, 0]]), indices([1]), { average: 'micro' })
    expect(batch().metric).toBe(batch().metric)
    expect(batch().metric).toBe(precisionMetric({ classes: 3, average: 'micro' }))
    expect(confusionMatrix(rows([[1, 2]]), indices([1])).metric).toBe(confusionMatrixMetric({ classes: 2 }))
    expect(accuracy(rows([[1, 2]]), indices([1])).metric).toBe(accuracyMetric)
  })
})

describe('R²', () => {
  it('needs two samples', () => {
    expect(mergedValue([() => r2(floats([1]), floats([1]))])).toBeNaN()
    expect(mergedValue([() => r2(zeros([0]), zeros([0]))])).toBeNaN()
  })

  it('keeps its digits far from zero when it is told where', () => {
    const targets = [1, 2, 3, 4].map((value) => 20_000 + value)
    const predictions = [1.5, 2, 3, 3.5].map((value) => 20_000 + value)
    expect(mergedValue([() => r2(floats(predictions), floats(targets), { center: 20_000 })])).toBeCloseTo(
      1 - 0.5 / 5,
      6,
    )
  })
})

const measures: readonly (readonly [string, () => MetricState])[] = [
  ['mean', () => mean(floats([1, 2]), floats([1, 1]))],
  ['sum', () => sum(floats([1, 2]))],
  ['accuracy', () => accuracy(rows([[1, 2]]), indices([1]), { ignoreIndex: 3 })],
  ['accuracy topK', () => accuracy(rows([[1, 2, 3]]), indices([1]), { topK: 2 })],
  ['f1', () => f1(rows([[1, 2]]), indices([1]))],
  ['confusionMatrix', () => confusionMatrix(rows([[1, 2]]), indices([1]))],
  ['mse', () => mse(floats([1]), floats([2]))],
  ['mae', () => mae(floats([1]), floats([2]))],
  ['rmse', () => rmse(floats([1]), floats([2]))],
  ['r2', () => r2(floats([1, 2]), floats([2, 4]), { center: 1 })],
]

describe.each(measures)('%s', (_, measure) => {
  it('leaves one tensor, which a scope frees', () => {
    measure()
    const before = aliveTensors()
    tidy(() => {
      const inside = aliveTensors()
      const { metric, state } = measure()
      expect(state.shape).toEqual([metric.size])
      // Its inputs, made above, and the state.
      expect(aliveTensors() - inside).toBeLessThanOrEqual(3)
    })
    expect(aliveTensors()).toBe(before)
  })

  it('records nothing within a training step', () => {
    const weight = variable(ones([2]))
    const tape = record(() => {
      const before = aliveTensors()
      const { state } = measure()
      expect(state.isDisposed).toBe(false)
      expect(aliveTensors() - before).toBeLessThanOrEqual(3)
      return sumOf(weight)
    }, [weight])
    tape.dispose()
    weight.dispose()
  })
})

describe('refuses', () => {
  const logits = rows([
    [1, 2, 3],
    [3, 2, 1],
  ])
  const labels = indices([0, 1])
  const batches: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['labels that are no tensor', () => accuracy(logits, [0, 1] as never), /accuracy.*`labels`.*found an array of 2/],
    ['no output', () => accuracy(undefined as never, labels), /`output`.*found undefined/],
    ['text', () => accuracy(tensor1d(['a', 'b']), labels), /found a string tensor of shape \[2\]/],
    [
      'one-hot labels',
      () =>
        accuracy(
          logits,
          rows([
            [1, 0, 0],
            [0, 1, 0],
          ]),
        ),
      /both \[2, 3\].*tf\.argMax\(labels, -1\)/,
    ],
    ['float labels', () => accuracy(logits, floats([0, 1])), /class indices, int32.*tf\.cast\(labels, 'int32'\)/],
    [
      'another batch size',
      () => accuracy(logits, indices([0, 1, 2])),
      /\[3, classes\] or \[3\] for labels \[3\], found \[2, 3\]/,
    ],
    ['one logit without a threshold', () => f1(rows([[1], [2]]), labels), /at least two classes.*pass `threshold`/],
    ['float outputs of the labels’ shape', () => f1(floats([0.2, 0.8]), labels), /both \[2\].*pass `threshold`/],
    ['scores per class with a threshold', () => recall(logits, labels, { threshold: 0 }), /one score per label/],
    [
      'other classes than those of the scores',
      () => f1(logits, labels, { classes: 4 }),
      /scores of the 4 classes.*found 3/,
    ],
    ['shapes that would broadcast', () => mse(rows([[1], [2]]), floats([1, 2])), /mse.*\[2, 1\] and \[2\].*broadcast/],
    ['weights of another shape', () => mean(floats([1, 2]), floats([1])), /mean.*\[2\] and \[1\]/],
    ['R² of two shapes', () => r2(floats([1]), floats([1, 2])), /r2.*\[1\] and \[2\]/],
  ]
  const options: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['topK of 0', () => accuracy(logits, labels, { topK: 0 }), /`topK` of accuracy.*at least 1, found 0/],
    [
      'topK above the classes',
      () => accuracy(logits, labels, { topK: 4 }),
      /at most the 3 classes of the scores, found 4/,
    ],
    [
      'topK of predictions',
      () => accuracy(indices([0, 1]), labels, { topK: 2 }),
      /scores \[batch, classes\].*one prediction/,
    ],
    ['an unknown option', () => accuracy(logits, labels, { k: 2 } as never), /accuracy has no option `k`/],
    [
      'options that are a tensor',
      () => accuracy(logits, labels, labels as never),
      /options of accuracy.*an object, found an int32 tensor/,
    ],
    [
      'a threshold that is text',
      () => accuracy(floats([1]), indices([1]), { threshold: '0' as never }),
      /`threshold`.*found '0'/,
    ],
    ['class indices without classes', () => f1(indices([0, 1]), labels), /f1 cannot tell how many classes/],
    [
      'three classes with a threshold',
      () => f1(floats([1]), indices([1]), { threshold: 0, classes: 3 }),
      /2 with `threshold`, found 3/,
    ],
    ['a wrong average', () => f1(logits, labels, { average: 'mean' as never }), /`average` of f1.*found 'mean'/],
    [
      'average and positive',
      () => f1(logits, labels, { average: 'macro', positive: 1 }),
      /both `average` and `positive`/,
    ],
    ['a class that is not there', () => f1(logits, labels, { positive: 3 }), /`positive` of f1.*0 to 2, found 3/],
    [
      'a wrong normalisation',
      () => confusionMatrix(logits, labels, { normalise: 'true' as never }),
      /`normalise`.*found 'true'/,
    ],
    ['a state that is no matrix', () => confusionMatrixOf([1, 2, 3]), /classes · classes counts, found 3/],
    ['a wrong way to join outputs', () => r2(floats([1]), floats([1]), { outputs: 'raw' as never }), /`outputs` of r2/],
  ]

  it.each([
    ...batches.map((each) => [...each, 'LEVIN_BATCH_SHAPE'] as const),
    ...options.map((each) => [...each, 'LEVIN_BAD_OPTION'] as const),
  ])('%s', (_, measure, message, code) => {
    let error: unknown
    const before = aliveTensors()
    try {
      tidy(() => measure() as Tensor)
    } catch (thrown) {
      error = thrown
    }
    expect(String(error)).toMatch(message)
    expect(LevinError.isInstance(error, code)).toBe(true)
    expect(aliveTensors()).toBe(before)
  })
})
