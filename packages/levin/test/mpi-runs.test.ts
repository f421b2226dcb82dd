import '@levin/testing/vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { requirePart } from '@levin/real-parts'
import { Hosts } from '@levin/several-hosts'
import { ready } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cpu, type LevinError, type RunEvent, Trainer } from '../src/index.js'
import { checkpointIn, hparams, levin, mpiRun, mpirun as runUnderMpi, weights } from './support.js'

let folder: string
beforeAll(async () => {
  await cpu().setup()
  await ready()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levin-mpi-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** What one device comes to with batches of 24. */
async function onOneDevice(maxEpochs: number): Promise<Record<string, number[]>> {
  const { lastCheckpoint } = await new Trainer({
    launcher: 'worker',
    loggers: false,
    defaultRootDir: join(folder, 'one'),
  }).fit(new URL('./run-modules/points.ts', import.meta.url), { hparams: { batchSize: 24, maxEpochs, saveEvery: 1 } })
  return weights(lastCheckpoint)
}

async function expectClose(checkpoint: string | undefined, expected: Record<string, number[]>): Promise<void> {
  const found = await weights(checkpoint)
  for (const path of Object.keys(expected))
    expect(found[path]).toBeAllClose(expected[path] as number[], { rtol: 1e-4, atol: 1e-6 })
}

const lastCheckpoint = (output: string): string => join(folder, checkpointIn(output))

describe.runIf(requirePart('open-mpi'))('under mpirun', () => {
  const mpirun = (ranks: number, command: readonly string[]) => runUnderMpi(ranks, command, folder)

  test('levin fit trains as one rank of several, to what one device comes to; one rank speaks', async () => {
    const args = ['--hparams', hparams({ batchSize: 8, saveEvery: 1 }), '--default-root-dir', 'runs']
    const { code, output } = await mpirun(3, levin('fit', mpiRun, ...args))
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output.match(/completed after 2 epochs, 10 steps/g)).toHaveLength(1)
    await expectClose(lastCheckpoint(output), await onOneDevice(2))
  })

  test('zero and checkpoints in parts work too', async () => {
    const args = ['--hparams', hparams({ batchSize: 12, saveEvery: 1 }), '--default-root-dir', 'runs']
    const { code, output } = await mpirun(2, levin('fit', mpiRun, '--strategy', 'zero', ...args))
    expect({ code, output }).toMatchObject({ code: 0 })
    await expectClose(lastCheckpoint(output), await onOneDevice(2))
  })

  test('processes launch the ranks that are wanted beside them, as threads', async () => {
    const args = ['--hparams', hparams({ batchSize: 6, saveEvery: 1 }), '--default-root-dir', 'runs']
    const { code, output } = await mpirun(2, levin('fit', mpiRun, '--devices', '4', ...args))
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output.match(/completed after 2 epochs, 10 steps/g)).toHaveLength(1)
    await expectClose(lastCheckpoint(output), await onOneDevice(2))
    const uneven = await mpirun(2, levin('fit', mpiRun, '--devices', '3', ...args))
    expect(uneven.code).not.toBe(0)
    expect(uneven.output).toContain('is to use 3 devices per node, and 2 processes were started on this one')
  })

  test('a thread of a process that throws ends the job with an error', async () => {
    const args = ['--hparams', hparams({ disaster: 'throw', at: 3, rank: 3 }), '--default-root-dir', 'runs']
    const { code, output } = await mpirun(2, levin('fit', mpiRun, '--devices', '4', ...args))
    expect(code).not.toBe(0)
    expect(output).toContain('a disaster')
  })

  test('a rank that throws ends the job with an error', async () => {
    const args = ['--hparams', hparams({ disaster: 'throw', at: 3, rank: 1 }), '--default-root-dir', 'runs']
    const { code, output } = await mpirun(2, levin('fit', mpiRun, ...args))
    expect(code).not.toBe(0)
    expect(output).toContain('a disaster')
  })
})

describe.runIf(requirePart('open-mpi'))('processes of this machine', () => {
  const run = pathToFileURL(mpiRun)
  const trainer = (maxRestarts = 0) =>
    new Trainer({
      devices: 2,
      launcher: ['process', { mpirun: 'mpirun.openmpi', deadline: 30_000 }],
      maxRestarts,
      loggers: false,
      defaultRootDir: folder,
    })

  test('are launched by mpirun, and come to what one device comes to', async () => {
    const result = await trainer().fit(run, { hparams: { batchSize: 12, saveEvery: 1 } })
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 10 } })
    await expectClose(result.lastCheckpoint, await onOneDevice(2))
  })

  test.each(['throw', 'exit'])('end together when one ends by %s, with an error that names it', async (disaster) => {
    const fit = trainer().fit(run, { hparams: { disaster, at: 3, rank: 1 } })
    const error = await fit.then(
      () => undefined,
      (reason: LevinError) => reason,
    )
    expect(error?.message).toContain('Rank 1')
  })

  test('are started again from the last checkpoint', async () => {
    const restarts: RunEvent[] = []
    const result = await trainer(1).fit(run, {
      hparams: { batchSize: 12, saveEvery: 1, disaster: 'exit', at: 7, rank: 1, marker: join(folder, 'happened') },
      onEvent: (event) => event.type === 'restart' && restarts.push(event),
    })
    expect(restarts).toEqual([expect.objectContaining({ checkpoint: expect.stringContaining('step=7') })])
    await expectClose(result.lastCheckpoint, await onOneDevice(2))
  })
})

describe.runIf(requirePart('network-namespaces') && requirePart('open-mpi'))('three hosts on a network', () => {
  const EPOCHS = 6
  let hosts: Hosts
  beforeEach(() => {
    hosts = new Hosts({ count: 3, bandwidth: '100mbit' })
  })
  afterEach(() => hosts.remove())

  const command = (given: Record<string, unknown>, ...args: readonly string[]) =>
    levin(
      'fit',
      mpiRun,
      '--hparams',
      hparams({ saveEvery: 1, maxEpochs: EPOCHS, ...given }),
      '--default-root-dir',
      'runs',
      ...args,
    )

  test.each([1, 2])('train to what one device comes to, with %i ranks each', async (ranks) => {
    const train = command({ batchSize: 8 / ranks }, '--devices', String(ranks))
    const { exitCode, output } = await hosts.mpirun(train, { cwd: folder }).ended
    expect(exitCode, output).toBe(0)
    await expectClose(lastCheckpoint(output), await onOneDevice(EPOCHS))
  })

  test('lose one of them: the job ends with an error, and goes on from its checkpoint on the two that are left', async () => {
    const job = hosts.mpirun(command({ batchSize: 8, pace: 30, trace: true }), { cwd: folder })
    await job.printed(/^step 7$/)
    hosts.cut(2)
    await job.printed(/rank 2 is lost: process \d+ on host3/, 2)
    // Open MPI 4 waits for its daemon on the host that is gone; whoever schedules jobs ends it.
    job.process.kill('SIGKILL')
    expect((await job.ended).exitCode).not.toBe(0)
    const again = hosts.mpirun(command({ batchSize: 12 }, '--ckpt-path', 'runs/default/version_0/checkpoints/last'), {
      cwd: folder,
      on: [0, 1],
    })
    const end = await again.ended
    expect(end.exitCode, end.output).toBe(0)
    await expectClose(lastCheckpoint(end.output), await onOneDevice(EPOCHS))
  })
})
