import '@levin/distributed/register'
import '@levin/strategies/register'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { requirePart } from '@levin/real-parts'
import { Trainer, type TrainerOptions } from '@levin/trainer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tensorflow } from '../src/index.js'

const run = new URL('./run-modules/points.ts', import.meta.url)
const trainer = (options: TrainerOptions) =>
  new Trainer({ accelerator: tensorflow(), devices: 1, loggers: false, ...options })

/** Trains in processes; what they printed. */
async function linesOf(options: TrainerOptions, batchSize: number) {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  log.mockClear()
  const { clock } = await trainer({ launcher: 'process', ...options }).fit(run, { hparams: { batchSize } })
  return { steps: clock.globalStep, lines: log.mock.calls.map(([line]) => `${line}`) }
}

function weightsIn(lines: readonly string[]): number[] {
  const line = lines.find((each) => each.includes('weights '))
  return JSON.parse(line?.replace(/^.*weights /, '') ?? '[]') as number[]
}

afterEach(() => void vi.restoreAllMocks())

describe.runIf(requirePart('tensorflow-binding'))("a run on TensorFlow's library", () => {
  it('trains in a process of its own', async () => {
    const { lines, steps } = await linesOf({ devices: 1 }, 4)
    expect(steps).toBe(4)
    const said = lines.find((line) => line.includes('rank 0 on tensorflow'))
    expect(said).toBeDefined()
    expect(said).not.toContain(`process ${process.pid}`)
  })

  it.runIf(requirePart('open-mpi'))(
    'in two processes comes to what one comes to with the same global batch',
    async () => {
      const one = await linesOf({ devices: 1 }, 8)
      const two = await linesOf({ devices: 2, strategy: 'ddp' }, 4)
      expect(two.lines.filter((line) => line.includes('on tensorflow'))).toHaveLength(2)
      expect(two.steps).toBe(one.steps)
      const expected = weightsIn(one.lines)
      expect(expected).toHaveLength(6)
      for (const [index, weight] of weightsIn(two.lines).entries())
        expect(weight).toBeCloseTo(expected[index] as number, 5)
    },
  )

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
