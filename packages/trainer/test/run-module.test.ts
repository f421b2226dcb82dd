import { BoringModule } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { defineRun, mergeHparams, runFrom } from '../src/index.js'

describe('a run module', () => {
  test('without a default export, or with another one', () => {
    expect(() => runFrom({}, './run.ts')).toThrow(
      "'./run.ts' is no run module. Expected export default defineRun({ module: …, data: …, trainer: … }), found no default export.",
    )
    expect(() => runFrom({ default: class Net {} }, './run.ts')).toThrow('found a default export that is function Net')
    expect(() => runFrom({}, 'x')).toThrow(expect.objectContaining({ code: 'LEVIN_RUN_MODULE' }))
  })

  test('is what defineRun returns, and its hyper-parameters are checked by name and type', () => {
    const run = defineRun({
      hparams: { learningRate: 0.1, name: 'a' },
      module: ({ learningRate }) => new BoringModule({ learningRate }),
    })
    expect(runFrom({ default: run }, 'run.ts')).toBe(run)
    expect((run.module({ learningRate: 0.5, name: '' }) as BoringModule).learningRate).toBe(0.5)
    expect(mergeHparams(run.hparams, { learningRate: 1 })).toEqual({ learningRate: 1, name: 'a' })
    expect(() => mergeHparams(run.hparams, { rate: 1 })).toThrow(
      "The run has no hyper-parameter 'rate'. Expected learningRate, name.",
    )
    expect(() => mergeHparams(run.hparams, { name: 1 })).toThrow(
      "The hyper-parameter 'name' is wrong. Expected a string, found 1.",
    )
  })
})
