import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { diskCheckpoints } from '@levin/checkpoints/node'
import type { TensorRecord } from '@levin/core'
import { afterAll, describe, expect, test } from 'vitest'
import type { Deed, RunOutcome, RunPlan } from './programs/run-plan.js'
import { temporaryFolders } from './support/folders.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(3)
afterAll(() => ranks.end())
const newFolder = temporaryFolders()
const io = diskCheckpoints()

const play = (size: number, plan: RunPlan, deadline?: number) =>
  ranks.run<RunOutcome>('run', plan, { size, ...(deadline ? { deadline } : {}) })

async function values(records: ReadonlyMap<string, TensorRecord> | undefined): Promise<Record<string, number[]>> {
  const all: Record<string, number[]> = {}
  for (const [name, record] of records ?? []) all[name] = [...(await record.data())]
  return all
}

describe.each([
  ['by rank zero', false],
  ['in parts', true],
] as const)('a checkpoint that is saved %s', (_how, savesParts) => {
  test.each([1, 2, 3])('is the same whole one on disk, on %i ranks', async (size) => {
    const folder = await newFolder()
    const outcomes = await play(size, { folder, savesParts })
    expect((await readdir(folder)).sort()).toEqual(['best', 'epoch=0-step=4', 'epoch=1-step=8', 'last'])
    const { model, optimizer, facts, trainer } = await io.load(join(folder, 'last'))
    expect(facts).toMatchObject({ globalStep: 8, mesh: { data: size } })
    expect(trainer['extra']).toEqual({ savedBy: 0 })
    expect((await values(model))['layer.weight']).toEqual(outcomes[0]?.parameters.slice(0, 24))
    expect(Object.keys(await values(optimizer)).sort()).toEqual([
      '0/layer.bias/momentumBuffer',
      '0/layer.weight/momentumBuffer',
    ])
    for (const { notes, result } of outcomes) {
      // Hooks run on every rank, and all know where it was saved.
      expect(notes.filter((note) => note === 'save')).toHaveLength(2)
      expect(result?.lastCheckpoint).toBe(join(folder, 'epoch=1-step=8'))
    }
  })

  test('is in as many files as it has to be, and each element in one of them', async () => {
    const folder = await newFolder()
    await play(3, { folder, savesParts, epochs: 1 })
    const checkpoint = join(folder, 'epoch=0-step=4')
    const files = (await readdir(checkpoint)).filter((name) => name.startsWith('model'))
    expect(files).toHaveLength(savesParts ? 3 : 1)
    let bytes = 0
    for (const name of files) {
      const file = await readFile(join(checkpoint, name))
      bytes += file.length - 8 - Number(file.readBigUInt64LE())
    }
    // 8 x 3 weights and 3 biases, of which every rank holds all.
    expect(bytes).toBe(27 * 4)
  })

  test.each([
    [1, 2],
    [2, 3],
    [3, 1],
    [2, 2],
  ])('by %i ranks is gone on from by %i', async (before, after) => {
    const [whole, folder] = [await newFolder(), await newFolder()]
    const [straight] = await play(1, { folder: whole, epochs: 3 })
    await play(before, { folder, savesParts, epochs: 1 })
    const outcomes = await play(after, { folder, savesParts, epochs: 3, ckptPath: 'last' })
    for (const { parameters, result, notes } of outcomes) {
      expect(notes[0]).toBe('loaded what rank 0 saved')
      expect(result?.clock).toEqual(straight?.result?.clock)
      for (const [i, value] of parameters.entries()) expect(value).toBeCloseTo(straight?.parameters[i] as number, 6)
      expect(parameters).toEqual(outcomes[0]?.parameters)
    }
  })

  test('may take longer than a collective may: those who wait hear that it goes on', async () => {
    const folder = await newFolder()
    const outcomes = await play(2, { folder, savesParts, epochs: 1, slowSave: 2500 }, 1000)
    for (const { result } of outcomes) expect(result?.status).toBe('completed')
  })

  const deeds: readonly (readonly [Deed, number, string])[] = [
    ['onSaveCheckpoint throws', 1, 'LEVIN_CALLBACK'],
    ['onSaveCheckpoint throws', 0, 'LEVIN_CALLBACK'],
    ['prepare fails', 0, 'LEVIN_FILES'],
    ['point fails', 0, 'LEVIN_FILES'],
    // An error that is not levin's has no code to keep; the storage gives it one where it reads the values itself.
    ['values cannot be read', 0, savesParts ? 'LEVIN_FILES' : 'LEVIN_WORKER_LOST'],
    ...(savesParts
      ? ([
          ['begin fails', 0, 'LEVIN_FILES'],
          ['write fails', 0, 'LEVIN_FILES'],
          ['write fails', 2, 'LEVIN_FILES'],
          ['complete fails', 0, 'LEVIN_FILES'],
          ['values cannot be read', 2, 'LEVIN_FILES'],
        ] as const)
      : ([['save fails', 0, 'LEVIN_FILES']] as const)),
  ]
  test.each(deeds)('fails on all ranks with one error where %s on rank %i', async (what, rank, code) => {
    const folder = await newFolder()
    const outcomes = await play(3, { folder, savesParts, deed: { rank, what } })
    const [{ error } = {}] = outcomes
    expect(error).toMatchObject({ code, message: expect.stringMatching(new RegExp(`^Rank ${rank}: `)) })
    for (const outcome of outcomes) expect(outcome.error).toEqual(error)
    // Nothing half-written is left.
    expect(await readdir(folder)).toEqual(what === 'point fails' ? ['epoch=0-step=4'] : [])
  })

  test('that cannot be loaded on one rank is loaded on none', async () => {
    const folder = await newFolder()
    await play(2, { folder, savesParts, epochs: 1 })
    const outcomes = await play(2, { folder, savesParts, ckptPath: 'last', deed: { rank: 1, what: 'load fails' } })
    for (const { error, notes } of outcomes) {
      expect(error).toMatchObject({ code: 'LEVIN_FILES', message: expect.stringMatching(/^Rank 1: no space/) })
      expect(notes).toEqual([])
    }
  })
})

test('a checkpoint cannot be saved in parts to a storage that takes whole ones only, which is said at the start', async () => {
  const folder = await newFolder()
  const outcomes = await play(2, { folder, savesParts: true, wholeOnly: true })
  for (const { error, notes } of outcomes) {
    expect(error?.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(notes).toEqual([])
  }
})
