// The worker form of a run: trainings in web workers, alone and several, and what becomes of those that go wrong.
import type { FitResult, RunEvent } from '@levin/trainer'
import { describe, expect, test } from 'vitest'
import { call, type WatchedPage } from '../src/index.js'
import { hasBrowser, usePage } from './support.js'

interface Told {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly isLevin: boolean
  readonly remedy?: string
}

interface Trained {
  readonly result: FitResult & { readonly error?: Told }
  readonly events: readonly RunEvent[]
  /** Workers that were started and not terminated. */
  readonly alive: number
  readonly isolated: boolean
  readonly frames: number
}

const lossesOf = ({ events }: Trained): number[] =>
  events.flatMap((event) => (event.type === 'log' ? (event.metrics['val/loss'] ?? []) : []))

const train = (page: WatchedPage, request: object = {}) => call<Trained>(page, 'train', request)

describe.runIf(hasBrowser)('a training in a web worker', () => {
  const pages = usePage('workers')

  test('needs no isolated page, tells what happens, and leaves no worker', async () => {
    const page = await pages.open({ isolated: false })
    const { result, events, alive, isolated } = await train(page, { hparams: { maxEpochs: 20 } })
    expect(isolated).toBe(false)
    expect(result).toMatchObject({ status: 'completed', clock: { epoch: 20, globalStep: 320 } })
    expect(result.metrics['val/accuracy']).toBeGreaterThan(0.9)
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['started', 'progress', 'log', 'checkpoint']))
    const last = events.findLast((event) => event.type === 'progress')
    expect(last).toMatchObject({ phase: 'train', clock: { epoch: 20, globalStep: 320 }, limits: { maxEpochs: 20 } })
    expect(alive).toBe(0)
    expect(page.errors).toEqual([])
  })

  test('comes to the same numbers on isolated pages and on others', async () => {
    const [inWorker, again] = await Promise.all([
      pages.open().then((page) => train(page, { hparams: { maxEpochs: 3 } })),
      pages.open({ isolated: false }).then((page) => train(page, { hparams: { maxEpochs: 3 } })),
    ])
    expect(inWorker.result.metrics).toEqual(again.result.metrics)
  })

  test('ends at an abort, with the weights saved', async () => {
    const page = await pages.open()
    const { result, alive } = await train(page, { hparams: { maxEpochs: 100_000 }, abortAt: 20 })
    expect(result).toMatchObject({ status: 'aborted', message: expect.stringContaining('enough') })
    expect(result.clock.globalStep).toBeGreaterThanOrEqual(20)
    expect(alive).toBe(0)
  })

  test.each([
    ['throw', { name: 'RangeError', message: 'a disaster', isLevin: false }],
    ['uncaught', { name: 'Error', message: 'nobody caught this', isLevin: false }],
    ['close', { code: 'LEVIN_WORKER_LOST', message: expect.stringContaining('its worker was closed') }],
  ])('that goes wrong by %s rejects with what happened', async (disaster, error) => {
    const page = await pages.open()
    const { result, alive } = await train(page, { hparams: { disaster, maxEpochs: 100_000 } })
    expect(result.error).toMatchObject(error)
    expect(alive).toBe(0)
    // It is the caller's error, and was handled.
    expect(page.errors).toEqual([])
  })

  test('carries an error of levin across with its code and remedy', async () => {
    const { result } = await train(await pages.open(), { hparams: { maxEpoch: 1 } })
    expect(result.error).toMatchObject({ isLevin: true, code: 'LEVIN_RUN_MODULE' })
    expect(result.error?.message).toContain("'maxEpoch'")
  })

  test.each([
    ['missing', 'LEVIN_RUN_MODULE', "The worker's file does not load"],
    ['broken', undefined, 'broken'],
    ['nothing', 'LEVIN_BAD_OPTION', 'a new web worker for each call, found undefined'],
  ])('whose worker is %s says so', async (how, code, text) => {
    const error = await call<Told>(await pages.open(), 'fail', how)
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
  })

  test('is not had by the URL of a run module, which no bundler has seen', async () => {
    const error = await call<Told>(await pages.open(), 'byUrl')
    expect(error).toMatchObject({ isLevin: true })
    expect(error.remedy).toContain('serve(run)')
  })
})

describe.runIf(hasBrowser)('trainings in several web workers', () => {
  const pages = usePage('workers')

  test('come to the numbers of one worker, over shared memory', async () => {
    const page = await pages.open()
    const alone = await train(page, { hparams: { maxEpochs: 10, batchSize: 64 } })
    const together = await train(page, { devices: 2, hparams: { maxEpochs: 10, batchSize: 32 } })
    expect(together).toMatchObject({
      isolated: true,
      alive: 0,
      result: { status: 'completed', rank: { worldSize: 2 } },
    })
    expect(together.result.clock).toEqual(alone.result.clock)
    const [one, two] = [lossesOf(alone), lossesOf(together)]
    expect(one.length).toBeGreaterThan(2)
    expect(two).toHaveLength(one.length)
    for (const [i, loss] of two.entries()) expect(Math.abs(loss / (one[i] as number) - 1)).toBeLessThan(1e-5)
    expect(page.errors).toEqual([])
  })

  test('are refused on a page that is not isolated, by an error that names the headers', async () => {
    const { result, alive } = await train(await pages.open({ isolated: false }), { devices: 2 })
    expect(result.error).toMatchObject({ code: 'LEVIN_UNAVAILABLE', isLevin: true })
    expect(result.error?.remedy).toContain('Cross-Origin-Opener-Policy: same-origin')
    expect(result.error?.remedy).toContain('Cross-Origin-Embedder-Policy: require-corp')
    expect(alive).toBe(0)
  })

  test.each([
    ['throw', 'Rank 1: a disaster'],
    ['close', 'Rank 1 of 2 ended before its time: its worker was closed'],
  ])('all end when one goes wrong by %s, and the error names it', async (disaster, text) => {
    const request = { devices: 2, hparams: { disaster, rank: 1, maxEpochs: 100_000 } }
    const { result, alive } = await train(await pages.open(), request)
    expect(result.error?.message).toContain(text)
    expect(alive).toBe(0)
  })

  test('end at an abort together', async () => {
    const { result } = await train(await pages.open(), { devices: 2, hparams: { maxEpochs: 100_000 }, abortAt: 20 })
    expect(result).toMatchObject({ status: 'aborted' })
  })

  test('need a worker each', async () => {
    const error = await call<Told>(await pages.open(), 'fail', 'again', 2)
    expect(error).toMatchObject({ code: 'LEVIN_BAD_OPTION' })
    expect(error.message).toContain('the worker of another call')
  })
})
