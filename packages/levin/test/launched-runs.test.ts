import '@levin/testing/vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostTensor } from '@levin/core'
import { ready } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { cpu, type LevinError, type RunEvent, Trainer, type TrainerOptions } from '../src/index.js'
import { weights } from './support.js'

const run = new URL('./run-modules/points.ts', import.meta.url)

let rootDir: string
beforeAll(async () => {
  await cpu().setup()
  await ready()
})
beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'levin-launched-'))
})
afterEach(() => rm(rootDir, { recursive: true, force: true }))

const trainer = (options: TrainerOptions = {}) =>
  new Trainer({ launcher: ['worker', { deadline: 60_000 }], loggers: false, defaultRootDir: rootDir, ...options })

const failure = async (result: Promise<unknown>): Promise<LevinError> =>
  result.then(
    (value) => {
      throw new Error(`Expected a failure, found ${JSON.stringify(value)}`)
    },
    (error: LevinError) => error,
  )

describe('a run of several workers', () => {
  test('comes to what one device comes to with the same global batch', async () => {
    const one = await trainer({ devices: 1 }).fit(run, { hparams: { batchSize: 24 } })
    const three = await trainer({ devices: 3 }).fit(run, { hparams: { batchSize: 8 } })
    expect(three.clock).toEqual(one.clock)
    expect(three.metrics['val/loss']).toBeCloseTo(one.metrics['val/loss'] as number, 5)
    const expected = await weights(one.lastCheckpoint)
    const found = await weights(three.lastCheckpoint)
    for (const path of Object.keys(expected))
      expect(found[path]).toBeAllClose(expected[path] as number[], { rtol: 1e-5, atol: 1e-6 })
  })

  test('gives predictions in the order of the data', async () => {
    const flat = (predictions: readonly (readonly unknown[])[]) =>
      predictions.flat().flatMap((prediction) => [...(prediction as HostTensor).data])
    const one = await trainer({ devices: 1 }).predict(run, { hparams: { batchSize: 24 } })
    const three = await trainer({ devices: 3 }).predict(run, { hparams: { batchSize: 8 } })
    expect(flat(three.predictions)).toHaveLength(200)
    expect(flat(three.predictions)).toBeAllClose(flat(one.predictions), { rtol: 1e-6 })
  })

  test('prints what its ranks print, with their ranks', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const events: RunEvent[] = []
    try {
      await trainer({ devices: 2, maxSteps: 1 }).fit(run, {
        hparams: { print: true },
        onEvent: (event) => events.push(event),
      })
      expect(log.mock.calls.map(([line]) => line as string).sort()).toEqual([
        '[rank 0] thread true rank 0',
        '[rank 1] thread true rank 1',
      ])
      expect(events.filter(({ type }) => type === 'output')).toHaveLength(2)
    } finally {
      log.mockRestore()
    }
  })
})

describe('when a rank goes wrong', () => {
  test.each([
    ['throw', 'Rank 1: a disaster', undefined],
    ['exit', 'Rank 1 of 2 ended before its time: its thread ended with exit code 3.', 'LEVIN_WORKER_LOST'],
    ['busy', 'rank 1', 'LEVIN_TIMEOUT'],
    ['away', 'rank 1', 'LEVIN_TIMEOUT'],
  ] as const)('by %s, the run ends with an error that names it', async (disaster, message, code) => {
    const options: TrainerOptions = { devices: 2, launcher: ['worker', { deadline: 1000 }] }
    const error = await failure(trainer(options).fit(run, { hparams: { disaster, at: 4, rank: 1 } }))
    expect(error.message).toContain(message)
    expect(error.code).toBe(code)
  })

  test.each([
    ['throw', 1],
    ['exit', 0],
    ['busy', 1],
  ] as const)(
    'by %s, it is started again from the last checkpoint, and comes to the same bit for bit',
    async (disaster, rank) => {
      const undisturbed = await trainer({ devices: 2 }).fit(run)
      const restarts: RunEvent[] = []
      const options: TrainerOptions = { devices: 2, maxRestarts: 1, launcher: ['worker', { deadline: 1000 }] }
      const disturbed = await trainer(options).fit(run, {
        hparams: { disaster, at: 8, rank, marker: join(rootDir, 'happened') },
        onEvent: (event) => event.type === 'restart' && restarts.push(event),
      })
      expect(restarts).toEqual([expect.objectContaining({ attempt: 1, checkpoint: expect.stringContaining('step=6') })])
      expect(disturbed.clock).toEqual(undisturbed.clock)
      expect(await weights(disturbed.lastCheckpoint)).toEqual(await weights(undisturbed.lastCheckpoint))
    },
  )
})

test.each([1, 3])('a run of two workers goes on with %i', async (devices) => {
  const first = await trainer({ devices: 2, maxEpochs: 1 }).fit(run, { hparams: { batchSize: 12, saveEvery: 5 } })
  expect(first.lastCheckpoint).toContain('step=5')
  const whole = await trainer({ devices: 2 }).fit(run, { hparams: { batchSize: 12, saveEvery: 5 } })
  const second = await trainer({ devices }).fit(run, {
    hparams: { batchSize: 24 / devices, saveEvery: 5 },
    ckptPath: first.lastCheckpoint as string,
  })
  expect(second.clock).toEqual(whole.clock)
  const expected = await weights(whole.lastCheckpoint)
  const found = await weights(second.lastCheckpoint)
  for (const path of Object.keys(expected))
    expect(found[path]).toBeAllClose(expected[path] as number[], { rtol: 1e-4, atol: 1e-6 })
})
