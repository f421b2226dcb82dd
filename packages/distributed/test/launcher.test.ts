import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type LaunchedRanks, type Launcher, LevinError } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { processes, worker } from '../src/index.js'
import type { LaunchedInput } from './programs/launched.js'

const program = new URL('./programs/launched.ts', import.meta.url)

interface Heard {
  readonly messages: [number, unknown][]
  readonly lines: [number | undefined, string, string][]
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

describe.concurrent('a rank in a process of its own', () => {
  const one = (input: LaunchedInput) => launch(processes(), 1, input)

  test('is another process, and gives its result, typed arrays too', async () => {
    const [result] = await one({ act: 'sum' }).ranks.results
    expect(result).toMatchObject({ values: Float32Array.of(1, 1), thread: 0 })
    expect((result as { pid: number }).pid).not.toBe(process.pid)
  })

  test('loses nothing of what it prints', async () => {
    const { ranks, heard } = one({ act: 'print' })
    await ranks.results
    const of = (stream: string) => heard.lines.filter((line) => line[2] === stream).map(([, line]) => line)
    expect(of('stderr')).toEqual(['err 0'])
    expect(of('stdout')).toEqual(['out 0', ...Array.from({ length: 2000 }, (_, i) => `line ${i}`), 'no end'])
  })

  test('sends and is sent to', async () => {
    const { ranks, heard } = one({ act: 'listen' })
    ranks.send('go')
    expect(await ranks.results).toEqual([['go', 1]])
    expect(heard.messages).toEqual([[0, { rank: 0, ready: true }]])
  })

  test.each([
    ['throw', { name: 'RangeError', message: 'out of range', code: 'MY_CODE' }],
    ['uncaught', { message: 'missing' }],
    ['exit', { code: 'LEVIN_WORKER_LOST', exitCode: 7 }],
  ] as const)('that ends by %s is an error that says so', async (act, expected) => {
    expect(await failure(one({ act, at: 0 }).ranks)).toMatchObject(expected)
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('that is ended by %s is lost', async (signal) => {
    const { ranks, heard } = one({ act: 'wait' })
    const pid = await waitFor(() => (heard.messages[0]?.[1] as { pid: number } | undefined)?.pid)
    process.kill(pid, signal)
    expect(await failure(ranks)).toMatchObject({ code: 'LEVIN_WORKER_LOST' })
  })

  test('that is stopped can be ended', async () => {
    const { ranks, heard } = one({ act: 'wait' })
    const pid = await waitFor(() => (heard.messages[0]?.[1] as { pid: number } | undefined)?.pid)
    process.kill(pid, 'SIGSTOP')
    await ranks.end()
    expect(isAlive(pid)).toBe(false)
    await expect(ranks.results).rejects.toThrow('The ranks were ended')
  })

  test.each(['wait', 'busy'] as const)('that is in %s does not outlive the program that launched it', async (act) => {
    const parent = spawn(
      process.execPath,
      ['--conditions=@levin/source', start, program.href, JSON.stringify({ act, at: 0 })],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (data: Buffer) => resolve(Number(data))),
    )
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await waitFor(() => (isAlive(pid) ? undefined : true))
  })
})

const start = fileURLToPath(new URL('./programs/launch-one.mjs', import.meta.url))

async function waitFor<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that ended and was not waited for still has a number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
