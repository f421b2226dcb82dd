import type { StepContext } from '@levin/core'
import { slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { crossEntropy, linear, type VocabularyCrossEntropyOptions, vocabularyCrossEntropy } from '../../src/index.js'
import { BACKENDS, useBackend } from '../support/backends.js'
import { joined, ranksInLockstep } from '../support/lockstep-ranks.js'
import { differentiate, stepAt } from '../support/parity.js'
import { expectSame, expectSameOnRanks, sharingOf, WORLDS, wave } from '../support/shared-layers.js'

const CLASSES = 7
const labels = (values = [0, 3, 6, 5, 1, 3]) => tensor(values, [2, 3], 'int32')

const OPTIONS: readonly VocabularyCrossEntropyOptions[] = [
  {},
  { reduction: 'sum' },
  { reduction: 'none' },
  { ignoreIndex: 3 },
  { labelSmoothing: 0.2, ignoreIndex: 5 },
  { labelSmoothing: 0.2, reduction: 'none' },
]

interface Differentiated {
  readonly loss: number[]
  readonly gradient: { values: ArrayLike<number>; shape: readonly number[] }
}

function alone(logits: Tensor, target: Tensor, options: VocabularyCrossEntropyOptions): Differentiated {
  return differentiated(logits, (x) => crossEntropy(x, target, options))
}

/** The loss on each rank, and the gradients of their logits side by side. */
function onRanks(count: number, logits: Tensor, target: Tensor, options: VocabularyCrossEntropyOptions) {
  const { results } = ranksInLockstep(count, false, (ranks) => {
    const [from, to] = [0, 1].map((next) => Math.floor(((ranks.index + next) * CLASSES) / count)) as [number, number]
    const own = slice(logits, [0, 0, from], [2, 3, to - from])
    const step = stepAt({}, { sharing: sharingOf(ranks) })
    return differentiated(own, (x) => vocabularyCrossEntropy(x, target, step, { ...options, classes: CLASSES }))
  })
  const gradient = joined(
    results.map((result) => result.gradient),
    2,
  )
  return { losses: results.map(({ loss }) => loss), gradient }
}

function differentiated(logits: Tensor, loss: (x: Tensor) => Tensor): Differentiated {
  const { shape } = loss(logits)
  const [value, [gradient]] = differentiate(() => loss(logits), [logits], wave(shape, 1))
  return {
    loss: [...value.dataSync()],
    gradient: { values: (gradient as Tensor).dataSync(), shape: logits.shape },
  }
}

describe.each(BACKENDS)('on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  describe.each([2, 3])('the loss over %i ranks', (count) => {
    test.each(OPTIONS)('is that of one device with %o', (options) => {
      tidy(() => {
        const logits = wave([2, 3, CLASSES])
        const expected = alone(logits, labels(), options)
        const { losses, gradient } = onRanks(count, logits, labels(), options)
        for (const loss of losses) {
          expectSame({ values: loss, shape: [] }, { values: expected.loss, shape: [] }, 'loss')
        }
        expectSame(gradient, expected.gradient, 'gradient')
      })
    })

    test('stands large logits, and logits of minus infinity', () => {
      tidy(() => {
        const values = wave([2, 3, CLASSES])
          .dataSync()
          .map((value) => value * 20_000)
        values[1] = Number.NEGATIVE_INFINITY
        const logits = tensor(values, [2, 3, CLASSES])
        const expected = alone(logits, labels(), {})
        const { losses, gradient } = onRanks(count, logits, labels(), {})
        expect(losses[0]?.[0]).toBeGreaterThan(1000)
        expectSame({ values: losses[0] as number[], shape: [] }, { values: expected.loss, shape: [] }, 'loss')
        expectSame(gradient, expected.gradient, 'gradient')
      })
    })

    test('is NaN for a label that is no class, and for no labels at all', () => {
      tidy(() => {
        const logits = wave([2, 3, CLASSES])
        for (const wrong of [CLASSES, -1]) {
          const { losses, gradient } = onRanks(count, logits, labels([0, wrong, 2, 2, 2, 2]), {})
          expect(losses.flat()).toEqual(losses.map(() => Number.NaN))
          const found = Array.from(gradient.values, Number.isNaN)
          expect(found).toEqual(found.map((_, i) => Math.floor(i / CLASSES) === 1))
        }
        const { losses, gradient } = onRanks(count, logits, labels([-100, -100, -100, -100, -100, -100]), {})
        expect(losses.flat()).toEqual(losses.map(() => Number.NaN))
        expect(new Set(Array.from(gradient.values, Math.abs))).toEqual(new Set([0]))
      })
    })
  })

  test.each(WORLDS)('is right behind a head whose classes are divided: $count ranks, $splitsSequence', (world) => {
    tidy(() => {
      const target = tensor([0, 3, 6, 5, 1, 3, 2, 2, 4, 5, 6, 0], [2, 6], 'int32')
      const operations = expectSameOnRanks(
        {
          make: () => linear(4, CLASSES),
          plan: { '': 'vocabulary' },
          input: wave([2, 6, 4]),
          run: (head, x, step) => vocabularyCrossEntropy(head.forward(x, step), target, step),
          output: 'whole',
        },
        world,
      )
      const ofLoss = operations.slice(world.splitsSequence ? 1 : 0, -1)
      // Which classes a rank has is known of the head: nobody has to ask.
      expect(ofLoss).toEqual(['max', 'sum'])
    })
  })

  test('over ranks and without rows it is what it is on one device', () => {
    tidy(() => {
      const none = tensor([], [0], 'int32')
      const { results } = ranksInLockstep(2, false, (ranks) => {
        const step = stepAt({}, { sharing: sharingOf(ranks) })
        return [...vocabularyCrossEntropy(tensor([], [0, 4]), none, step, { reduction: 'sum', classes: 8 }).dataSync()]
      })
      expect(results).toEqual([[0], [0]])
    })
  })
})

describe('which classes a rank has', () => {
  beforeAll(() => useBackend('cpu'))
  const target = () => tensor([0, 6], [2], 'int32')
  const over = (count: number, width: number, options: VocabularyCrossEntropyOptions) => () =>
    tidy(
      () =>
        ranksInLockstep(count, false, (ranks) => {
          const step = stepAt({}, { sharing: sharingOf(ranks) })
          return vocabularyCrossEntropy(wave([2, width]), target(), step, options).dataSync()[0] as number
        }) as never,
    ) as { results: number[]; operations: string[] }

  test('must be known', () => {
    expect(over(2, 4, {})).toThrow(/cannot tell whether.*'vocabulary'.*\{ classes \}/s)
    expect(over(2, 4, { classes: 7 })).toThrow(/3 logits on rank 0 of 2, or all 7/)
    expect(() => vocabularyCrossEntropy(wave([2, 3]), target(), stepAt(), { classes: 7 })).toThrow(/7 logits/)
  })

  test('may be all of them, where the head is not shared', () => {
    const { results, operations } = over(2, 7, { classes: 7 })()
    const [expected] = tidy(() => crossEntropy(wave([2, 7]), target()).dataSync())
    expect(results).toEqual([expected, expected])
    expect(operations).toEqual([])
  })
})

describe('what cannot be exact', () => {
  beforeAll(() => useBackend('cpu'))
  const step: StepContext = stepAt()

  test.each([
    [
      'weights of classes',
      () => vocabularyCrossEntropy(wave([2, 3]), tensor([0, 1], [2], 'int32'), step, { weight: [1, 1, 1] } as never),
      /'gatheredColumn'/,
    ],
    ['probabilities', () => vocabularyCrossEntropy(wave([2, 3]), wave([2, 3]), step), /class indices \(int32, \[2\]\)/],
    [
      'a smoothing above 1',
      () => vocabularyCrossEntropy(wave([2, 3]), tensor([0, 1], [2], 'int32'), step, { labelSmoothing: 2 }),
      /labelSmoothing/,
    ],
  ] as const)('is refused: %s', (_, run, message) => {
    tidy(() => void expect(run).toThrow(message))
  })
})
