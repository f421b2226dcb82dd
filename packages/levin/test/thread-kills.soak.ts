import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePlugin, type LaunchedRanks, type Launcher, type LaunchRequest } from '@levin/core'
import { ready } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { soak } from '../../../tools/build/soak.js'
import { cpu, Trainer, worker } from '../src/index.js'
import { randoms } from './random.js'
import { weights } from './support.js'

const run = new URL('./run-modules/points.ts', import.meta.url)

let folder: string
beforeAll(async () => {
  await cpu().setup()
  await ready()
  folder = await mkdtemp(join(tmpdir(), 'levin-kills-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const random = randoms(7)

/** Launches threads, and ends one of them: at its start, or somewhere in the training. */
class Chaos implements Launcher {
  readonly name = 'chaos'
  readonly ranksAre = 'threads'
  readonly #threads = worker({ deadline: 20_000 })
  kills = 0
  /** Ends nobody. */
  peaceful = false

  launch(request: LaunchRequest): LaunchedRanks {
    let ended = false
    const kill = (within: number) =>
      setTimeout(async () => {
        if (ended || this.peaceful) return
        this.kills++
        await ranks.end(Math.floor(random() * request.worldSize))
      }, random() * within)
    // While they start, or once they train.
    const atStart = random() < 0.3
    if (atStart) kill(2_500)
    let begun = atStart
    const ranks = this.#threads.launch({
      ...request,
      onMessage: (rank, message) => {
        request.onMessage(rank, message)
        const { event } = message as { event?: { type: string } }
        if (begun || event?.type !== 'progress') return
        begun = true
        kill(400)
      },
    })
    ranks.results
      .catch(() => undefined)
      .finally(() => {
        ended = true
      })
    return ranks
  }
}

const chaos = definePlugin({ kind: 'launcher', name: 'chaos', apiVersion: 1, create: () => new Chaos() })

test(`${soak.endedThreads} threads are ended at random: every training comes to its end, and to what it would have come to`, {
  timeout: 900_000,
}, async () => {
  const launcher = chaos() as Chaos
  const train = (devices: number, strategy: 'ddp' | 'zero', index: number) =>
    new Trainer({
      devices,
      strategy,
      launcher,
      maxRestarts: 1_000,
      loggers: false,
      defaultRootDir: join(folder, String(index)),
    }).fit(run, { hparams: { batchSize: 24 / devices, saveEvery: 2, maxEpochs: 8, pace: 8 } })
  const shapes = [
    { devices: 2, strategy: 'ddp' },
    { devices: 3, strategy: 'ddp' },
    { devices: 2, strategy: 'zero' },
  ] as const
  launcher.peaceful = true
  const expected: Record<string, number[]>[] = []
  for (const [index, { devices, strategy }] of shapes.entries())
    expected.push(await weights((await train(devices, strategy, -1 - index)).lastCheckpoint))
  launcher.peaceful = false
  for (let index = 0; launcher.kills < soak.endedThreads; index++) {
    const { devices, strategy } = shapes[index % shapes.length] as (typeof shapes)[number]
    const result = await train(devices, strategy, index)
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 40, epoch: 8 } })
    expect(await weights(result.lastCheckpoint)).toEqual(expected[index % shapes.length])
    await rm(join(folder, String(index)), { recursive: true, force: true })
  }
  // What runs on would be a thread of this process.
  expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Worker')).toEqual([])
})
