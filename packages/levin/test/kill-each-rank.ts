import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ready } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cpu, type LevinError, type mesh, type RunEvent, Trainer, type TrainerOptions } from '../src/index.js'
import { Characters } from './run-modules/characters.js'
import { weights } from './support.js'

const run = new URL('./run-modules/characters.ts', import.meta.url)

/** A mesh, and of how many ranks it is made. */
export interface KilledLayout {
  readonly devices: number
  readonly strategy: ReturnType<typeof mesh>
}

/** Ends each rank of a layout in turn, and lets one stay away: the run goes on from its checkpoint, or says who is missing. */
export function killEachRank(layouts: Readonly<Record<string, KilledLayout>>): void {
  let folder: string
  beforeAll(async () => {
    await cpu().setup()
    await ready()
    folder = await mkdtemp(join(tmpdir(), 'levin-mesh-kills-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  describe.each(Object.entries(layouts))('%s', (name, { devices, strategy }) => {
    const trainer = (options: TrainerOptions = {}) =>
      new Trainer({
        launcher: ['worker', { deadline: 60_000 }],
        strategy,
        devices,
        loggers: false,
        defaultRootDir: join(folder, name),
        ...options,
      })
    let undisturbed: Promise<Record<string, number[]>> | undefined
    const expected = () => {
      undisturbed ??= trainer()
        .fit(run)
        .then(({ lastCheckpoint }) => weights(lastCheckpoint, Characters as never))
      return undisturbed
    }
    const positions = Array.from({ length: devices }, (_, rank) => rank)

    test.each(positions)('rank %i ends: the run is started again, and comes to the same bit for bit', async (rank) => {
      const restarts: RunEvent[] = []
      const marker = join(folder, `${name} ${rank}`)
      const { lastCheckpoint, clock } = await trainer({ maxRestarts: 1 }).fit(run, {
        hparams: { disaster: 'exit', at: 7, rank, marker },
        onEvent: (event) => event.type === 'restart' && restarts.push(event),
      })
      expect(restarts).toEqual([expect.objectContaining({ attempt: 1, checkpoint: expect.stringContaining('step=6') })])
      expect(clock.globalStep).toBe(12)
      expect(await weights(lastCheckpoint, Characters as never)).toEqual(await expected())
    })

    test('a rank that does not come is named at the deadline', async () => {
      const rank = devices - 1
      const failing = trainer({ launcher: ['worker', { deadline: 1000 }] }).fit(run, {
        hparams: { disaster: 'away', at: 5, rank },
      })
      const error: LevinError = await failing.then(
        () => expect.unreachable(),
        (reason: LevinError) => reason,
      )
      expect(error.code).toBe('LEVIN_TIMEOUT')
      expect(error.message).toMatch(/rank \d/)
    })
  })
}
