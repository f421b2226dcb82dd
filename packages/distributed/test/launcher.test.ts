import { type LaunchedRanks, type Launcher, LevinError } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { worker } from '../src/index.js'
import type { LaunchedInput } from './programs/launched.js'

const program = new URL('./programs/launched.ts', import.meta.url)

interface Heard {
  readonly messages: [number, unknown][]
  readonly lines: [number, string, string][]
}

const threads = (deadline?: number): Launcher => worker(deadline === undefined ? {} : { deadline })

function launch(launcher: Launcher, worldSize: number, input: LaunchedInput): { ranks: LaunchedRanks; heard: Heard } {
  const heard: Heard = { messages: [], lines: [] }
  const ranks = launcher.launch({
    program,
    input,
    worldSize,
    modules: [],
    onMessage: (rank, message) => heard.messages.push([rank, message]),
    onOutput: (rank, line, stream) => heard.lines.push([rank, line, stream]),
  })
  return { ranks, heard }
}

const failure = async (ranks: LaunchedRanks): Promise<Error> =>
  ranks.results.then(
    (results) => new Error(`Expected a failure, found ${JSON.stringify(results)}`),
    (error: Error) => error,
  )

describe.concurrent('ranks in worker threads', () => {
  test('know where they stand and reach each other', async () => {
    const results = await launch(threads(), 3, { act: 'sum' }).ranks.results
    expect(results).toEqual(
      [0, 1, 2].map((rank) => ({
        values: Float32Array.of(6, 3),
        rank: { globalRank: rank, localRank: rank, nodeRank: 0, localWorldSize: 3, worldSize: 3 },
        pid: process.pid,
        thread: expect.any(Number),
      })),
    )
    expect(new Set(results.map((result) => (result as { thread: number }).thread)).size).toBe(3)
  })

  test('lose nothing of what they print, the last line without an end too', async () => {
    const { ranks, heard } = launch(threads(), 2, { act: 'print' })
    await ranks.results
    for (const rank of [0, 1]) {
      const of = (stream: string) =>
        heard.lines.filter((line) => line[0] === rank && line[2] === stream).map(([, line]) => line)
      expect(of('stderr')).toEqual([`err ${rank}`])
      expect(of('stdout')).toEqual([`out ${rank}`, ...Array.from({ length: 2000 }, (_, i) => `line ${i}`), 'no end'])
    }
  })

  test('send to whoever launched them, and are sent to; what comes before they listen is kept', async () => {
    const { ranks, heard } = launch(threads(), 2, { act: 'listen' })
    ranks.send('go')
    expect(await ranks.results).toEqual([
      ['go', 2],
      ['go', 2],
    ])
    expect(heard.messages.sort()).toEqual([
      [0, { rank: 0, ready: true }],
      [1, { rank: 1, ready: true }],
    ])
  })

  test('end together when one throws, with its error', async () => {
    const error = await failure(launch(threads(), 3, { act: 'throw', at: 1 }).ranks)
    expect(error).toMatchObject({ name: 'RangeError', message: 'Rank 1: out of range', code: 'MY_CODE' })
    expect(error.stack).toContain('launched.ts')
  })

  test('a single one throws what it threw', async () => {
    const error = await failure(launch(threads(), 1, { act: 'throw', at: 0 }).ranks)
    expect(error).toMatchObject({ name: 'RangeError', message: 'out of range' })
  })

  test.each([
    ['exit', 'Rank 2 of 3 ended before its time: its thread ended with exit code 7.', 'LEVIN_WORKER_LOST'],
    ['uncaught', 'Rank 2: missing', undefined],
  ] as const)('end together when one ends by %s', async (act, message, code) => {
    const error = await failure(launch(threads(), 3, { act, at: 2 }).ranks)
    expect(error.message).toContain(message)
    expect((error as LevinError).code).toBe(code)
    if (act === 'exit') expect(error).toMatchObject({ rank: 2, exitCode: 7 })
  })

  test.each(['busy', 'away'] as const)('end at the deadline when one is %s, which the error names', async (act) => {
    const error = await failure(launch(threads(300), 3, { act, at: 1 }).ranks)
    expect(LevinError.isInstance(error, 'LEVIN_TIMEOUT')).toBe(true)
    expect(error.message).toMatch(/barrier.*rank 1/)
  })

  test('are ended by whoever launched them, one or all', async () => {
    const { ranks } = launch(threads(), 2, { act: 'wait' })
    await ranks.end(1)
    const error = await failure(ranks)
    expect(error.message).toContain('Rank 1 of 2 ended before its time')
  })

  test('a result that cannot travel is an error', async () => {
    const error = await failure(launch(threads(), 1, { act: 'unclonable' }).ranks)
    expect(error.message).toContain('could not be cloned')
  })

  test('a program that is not there is an error that names it', async () => {
    const ranks = threads().launch({
      program: new URL('./programs/none.ts', import.meta.url),
      input: {},
      worldSize: 2,
      modules: [],
      onMessage: () => {},
      onOutput: () => {},
    })
    expect((await failure(ranks)).message).toContain('none.ts')
  })
})
