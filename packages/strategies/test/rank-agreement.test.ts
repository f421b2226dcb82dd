import { readdir } from 'node:fs/promises'
import { diskCheckpoints } from '@levin/checkpoints/node'
import { everyMinutes, everySteps } from '@levin/core'
import { afterAll, describe, expect, test } from 'vitest'
import type { Deed, RunOutcome, RunPlan } from './programs/run-plan.js'
import { temporaryFolders } from './support/folders.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(3)
afterAll(() => ranks.end())
const newFolder = temporaryFolders()

const play = (size: number, plan: Omit<RunPlan, 'folder'> & { folder?: string }) =>
  (async () => ranks.run<RunOutcome>('run', { folder: await newFolder(), ...plan }, { size }))()

/** All ranks came to the same: how it ended, what they know, and when they did what. Where each stands is its own. */
function expectAlike(outcomes: readonly RunOutcome[]): RunOutcome {
  const [first] = outcomes as [RunOutcome]
  const shared = ({ result, error, notes, learningRate, parameters }: RunOutcome) => {
    return { result: result && { ...result, rank: undefined }, error, notes, learningRate, parameters }
  }
  for (const outcome of outcomes) expect(shared(outcome)).toEqual(shared(first))
  return first
}

describe('what one rank alone does', () => {
  test.each<readonly [Deed, number, RegExp]>([
    ['a loss is NaN', 1, /loss became NaN/],
    ['a loss is NaN', 0, /loss became NaN/],
    ['a step throws', 2, /on purpose: a step throws/],
    ['setup throws', 1, /on purpose: setup throws/],
    ['the end of an epoch throws', 2, /on purpose: the end of an epoch throws/],
  ])('ends the others too: %s on rank %i', async (what, rank, message) => {
    const outcomes = await play(3, { deed: { rank, what, batch: 2 } })
    for (const [each, { error }] of outcomes.entries()) {
      expect(error?.message).toMatch(message)
      // The others learn whose error it is.
      if (each !== rank)
        expect(error).toMatchObject({ code: 'LEVIN_WORKER_LOST', message: expect.stringContaining(`ank ${rank}`) })
    }
  })

  test('is awaited by the others where it prepares data, and fails for all', async () => {
    const { error } = expectAlike(await play(3, { deed: { rank: 0, what: 'prepareData throws' } }))
    expect(error?.message).toBe('Rank 0: on purpose: prepareData throws')
  })

  test.each([0, 1, 2])('stops all at the same step: a stop that is asked for on rank %i', async (rank) => {
    const { result, notes } = expectAlike(await play(3, { deed: { rank, what: 'a stop is asked for', batch: 2 } }))
    expect(result).toMatchObject({ status: 'stopped', reason: 'requested', clock: { globalStep: 3 } })
    expect(notes.filter((note) => note.startsWith('train'))).toEqual(['trained 0', 'trained 1', 'trained 2'])
  })

  test('does not stop anybody before the minimum of epochs, where it may not', async () => {
    const { result } = expectAlike(
      await play(2, { minEpochs: 2, deed: { rank: 1, what: 'a stop is asked for', batch: 1 } }),
    )
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 8 } })
  })

  test.each([false, true])(
    'leaves out the rest of the epoch for all, also if it alone has the hook: %s',
    async (alone) => {
      const { result, notes } = expectAlike(
        await play(3, { epochs: 1, alone, deed: { rank: 2, what: 'a batch skips the epoch', batch: 2 } }),
      )
      expect(notes.filter((note) => note.startsWith('train'))).toEqual(['trained 0', 'trained 1'])
      expect(result?.clock?.globalStep).toBe(2)
    },
  )

  test.each(['validate', 'predict'] as const)('stops %s on all before the same batch', async (kind) => {
    const outcomes = await play(3, { kind, deed: { rank: 1, what: 'a stop is asked for', batch: 1 } })
    for (const { result, notes } of outcomes) {
      expect(result?.status).toBe('aborted')
      expect(notes.filter((note) => note.startsWith('batch'))).toEqual(['batch 0', 'batch 1'])
    }
  })
})

describe('clocks that go at different speeds', () => {
  test('stop all ranks at one step, at the first for whom maxTime is over', async () => {
    const { result } = expectAlike(await play(3, { epochs: 20, maxTime: { seconds: 1 }, ticks: [1, 40, 7] }))
    expect(result).toMatchObject({ status: 'stopped', reason: 'maxTime' })
  })

  test('let all ranks validate and save at the moments of rank zero', async () => {
    const plan = {
      epochs: 3,
      validation: true,
      valCheckInterval: everyMinutes(0.002),
      checkpoints: { every: everyMinutes(0.003) },
    }
    const { notes } = expectAlike(await play(3, { ...plan, ticks: [20, 70, 1] }))
    expect(notes.filter((note) => note.startsWith('validate')).length).toBeGreaterThan(1)
    expect(notes.filter((note) => note === 'save').length).toBeGreaterThan(1)
  })
})

describe('values of single steps, which every rank has of its own', () => {
  test('are those of rank zero where checkpoints are chosen and named by them', async () => {
    const folder = await newFolder()
    const checkpoints = {
      every: everySteps(1),
      monitor: 'train/loss',
      saveTopK: 2,
      saveLast: false,
      filename: '{step}-{train/loss:.4f}',
    }
    const { result } = expectAlike(await play(3, { folder, checkpoints }))
    const left = (await readdir(folder)).filter((name) => name.startsWith('step'))
    expect(left).toHaveLength(2)
    const best = result?.bestCheckpoint as string
    const { metrics } = (await diskCheckpoints().load(best)).trainer as { metrics: Record<string, number> }
    expect(best).toContain(`train_loss=${metrics['train/loss']?.toFixed(4)}`)
  })

  test('are those of rank zero where a schedule answers to them', async () => {
    const { learningRate } = expectAlike(await play(3, { plateau: true, epochs: 4 }))
    expect(learningRate).toBeLessThan(0.1)
  })

  test('are the same after an evaluation, of which ranks have different numbers of batches', async () => {
    const { result } = expectAlike(await play(3, { validation: true, checkpoints: { monitor: 'val/loss' } }))
    expect(result?.metrics).toHaveProperty('val/loss')
  })
})
