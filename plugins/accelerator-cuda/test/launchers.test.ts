import '@levin/distributed/register'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { requirePart } from '@levin/real-parts'
import { Trainer, type TrainerOptions } from '@levin/trainer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tensorflow } from '../src/index.js'

const run = new URL('./run-modules/points.ts', import.meta.url)
const trainer = (options: TrainerOptions) =>
  new Trainer({ accelerator: tensorflow(), devices: 1, loggers: false, ...options })

afterEach(() => void vi.restoreAllMocks())

describe.runIf(requirePart('tensorflow-binding'))("a run on TensorFlow's library", () => {
  it('trains in a process of its own', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const result = await trainer({ launcher: 'process' }).fit(run)
    expect([result.status, result.clock.globalStep]).toEqual(['completed', 4])
    const said = log.mock.calls.map(([line]) => `${line}`).find((line) => line.includes('rank 0 on tensorflow'))
    expect(said).toBeDefined()
    expect(said).not.toContain(`process ${process.pid}`)
  })

  it('is refused in worker threads before anything is started', async () => {
    await expect(trainer({ launcher: 'worker' }).fit(run)).rejects.toThrow(
      /'tensorflow' does not work in worker threads, which the launcher 'worker' starts.*Leave the launcher out/,
    )
  })

  it('is refused in a worker thread that the program itself has started', async () => {
    const program = fileURLToPath(new URL('./programs/in-thread.mjs', import.meta.url))
    const worker = new Worker(program, { execArgv: ['--conditions=@levin/source'] })
    const message = await new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    expect(message).toMatch(
      /^LEVIN_NOT_SUPPORTED: The accelerator 'tensorflow' does not work in worker threads.*launcher: 'process'/,
    )
  })
})
