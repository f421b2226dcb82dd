import '@levin/collective-mpi/register'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { definePlugin, type LaunchedRanks, type Launcher, type LaunchRequest } from '@levin/core'
import { requirePart } from '@levin/real-parts'
import { ready } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { soak } from '../../../tools/build/soak.js'
import { cpu, processes, Trainer } from '../src/index.js'
import { randoms } from './random.js'
import { mpiRun, weights } from './support.js'

const random = randoms(11)

/** Launches processes by mpirun, and kills or stops one of them at some moment of the training. */
class Chaos implements Launcher {
  readonly name = 'process-chaos'
  readonly ranksAre = 'processes'
  readonly #processes = processes({ mpirun: 'mpirun.openmpi', deadline: 20_000 })
  /** By signal. */
  readonly ends = { SIGKILL: 0, SIGSTOP: 0 }
  readonly pids: number[] = []
  /** Ends nobody. */
  peaceful = true

  get count(): number {
    return this.ends.SIGKILL + this.ends.SIGSTOP
  }

  launch(request: LaunchRequest): LaunchedRanks {
    const pids = new Set<number>()
    return this.#processes.launch({
      ...request,
      onMessage: (rank, message) => request.onMessage(rank, message),
      onOutput: (_rank, line) => {
        const pid = Number(/^pid (\d+)$/.exec(line)?.[1] ?? 0)
        if (!pid) return
        pids.add(pid)
        this.pids.push(pid)
        if (pids.size === request.worldSize && !this.peaceful) this.#end([...pids])
      },
    })
  }

  #end(pids: readonly number[]): void {
    const pid = pids[Math.floor(random() * pids.length)] as number
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGSTOP'
    setTimeout(() => {
      try {
        process.kill(pid, signal)
        this.ends[signal]++
      } catch {
        // The training had come to its end.
      }
    }, random() * 500)
  }
}

const chaos = definePlugin({ kind: 'launcher', name: 'process-chaos', apiVersion: 1, create: () => new Chaos() })

describe.runIf(requirePart('open-mpi'))('processes', () => {
  let folder: string
  beforeAll(async () => {
    await cpu().setup()
    await ready()
    folder = await mkdtemp(join(tmpdir(), 'levin-process-kills-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test(`${soak.endedProcesses} are killed or stopped at random: every training comes to its end, and to what it would have come to`, {
    timeout: 1_200_000,
  }, async () => {
    const launcher = chaos() as Chaos
    const train = (index: number) =>
      new Trainer({
        devices: 2,
        launcher,
        collective: ['mpi', { silence: 1_000 }],
        maxRestarts: 1_000,
        loggers: false,
        defaultRootDir: join(folder, String(index)),
      }).fit(pathToFileURL(mpiRun), {
        hparams: { batchSize: 12, saveEvery: 2, maxEpochs: 8, pace: 8, sayPid: true },
      })
    const expected = await weights((await train(-1)).lastCheckpoint)
    launcher.peaceful = false
    for (let index = 0; launcher.count < soak.endedProcesses; index++) {
      const result = await train(index)
      expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 40, epoch: 8 } })
      expect(await weights(result.lastCheckpoint)).toEqual(expected)
      await rm(join(folder, String(index)), { recursive: true, force: true })
    }
    const alive = spawnSync('ps', ['-o', 'pid=,stat=', '-p', launcher.pids.join(',')], { encoding: 'utf8' }).stdout
    expect(alive.split('\n').filter((line) => line.trim() && !/Z/.test(line))).toEqual([])
  })
})
