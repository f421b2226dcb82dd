// Every kernel of the table against PyTorch: values and gradients, these against central differences in float64 too; odd
// sizes, ones and nothing, NaN and infinities, operands that share their data. The cases are data that
// `node tools/parity/record.mjs kernels` records; a case that the script adds is run without a change here.
import { kernelTable } from '@levin/kernels'
import { type SweepOp, sweepOps } from '@levin/testing/ops'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complex } from './complex.js'
import { missingTraits, observeKernels } from './coverage.js'
import { type Given, type OptimizerCase, runOptimizer } from './optimizers.js'
import { recordedCases, recordedFile, type SweepCase } from './recorded.js'
import { runCase, sharingsOf } from './run-case.js'

/** Files of recorded cases. */
const FAMILIES = [
  'products',
  'convolution',
  'pooling',
  'indexing',
  'layout',
  'elementwise',
  'selection',
  'losses',
  'normalisation',
  'sequences',
  'complex',
  'updates',
]

const ops: Readonly<Record<string, SweepOp>> = { ...sweepOps, ...complex }

/** What the sweep cannot show of a kernel, and why. */
const EXEMPT: Readonly<Record<string, string>> = {
  'ArgMax: zero': 'nothing has no largest number; the stock kernel answers',
  'ArgMin: zero': 'nothing has no smallest number; the stock kernel answers',
  'LevinAdamUpdate: alias': 'several ways in updates-in-place.test.ts',
  'LevinEmbeddingGrad: alias': 'gradients and ids are of different types',
  'LevinGru: zero': 'the op composes what has no numbers',
  'LevinGruGrad: zero': 'the op composes what has no numbers',
  'LevinLstm: zero': 'the op composes what has no numbers',
  'LevinLstmGrad: zero': 'the op composes what has no numbers',
  'LevinRmspropUpdate: alias': 'several ways in updates-in-place.test.ts',
  'LevinSgdUpdate: alias': 'several ways in updates-in-place.test.ts',
  'Prelu: alias': 'slopes of the shape of x are left to the stock kernel',
  'Prelu: one': 'one slope is left to the stock kernel',
}

/** Runs the sweep on the kernels that are registered. */
export function sweep(): void {
  let observed: ReturnType<typeof observeKernels>
  beforeAll(() => {
    observed = observeKernels()
  })
  afterAll(() => observed.stop())

  sweepFamilies()

  describe('ten steps of optimizers', () => {
    const { cases, given } = recordedFile<OptimizerCase, { given: Given }>('optimizers')
    it.each(cases)('$name', (of) => runOptimizer(of, given))
  })

  it('shows every kernel odd sizes, ones and nothing, NaN, infinities and shared data', () => {
    const missing = kernelTable.flatMap(({ name }) =>
      missingTraits(observed.seen, name).map((trait) => `${name}: ${trait}`),
    )
    expect(missing.sort()).toEqual(Object.keys(EXEMPT).sort())
  })
}

/** Runs the cases of all families, or some of them, on the backend in use. */
export function sweepFamilies(isWanted: (of: SweepCase) => boolean = () => true): void {
  // tfjs's own check for leaks takes what a tape keeps for one.
  beforeAll(() => void tf.env().set('IS_TEST', false))

  const wanted = FAMILIES.map((family) => ({ family, cases: recordedCases(family).filter(isWanted) }))
  describe.each(wanted.filter(({ cases }) => cases.length > 0))('$family', ({ cases }) => {
    const shared = cases.flatMap((of) =>
      sharingsOf(of).map((sharing, _, { length }) => ({
        of,
        sharing,
        title: length > 1 ? `${of.name}, ${sharing}` : of.name,
      })),
    )
    it.each(shared)('$title', ({ of, sharing }) => {
      const op = ops[of.op]
      if (op === undefined) expect.fail(`no op ${of.op}; there are ${Object.keys(ops)}`)
      runCase(of, op, sharing)
    })
  })
}
