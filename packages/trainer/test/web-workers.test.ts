// The worker form of a run, as far as no browser is needed: the function that starts workers, and what is refused.
import {
  type LaunchedRanks,
  type Launcher,
  type LaunchRequest,
  type RankProgram,
  SoloGroup,
  type StartedWorker,
  soloRank,
} from '@levin/core'
import { TestPlatform } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { defineRun, serve, Trainer } from '../src/index.js'
import run from './run-modules/boring-run.js'
import { refusal } from './support.js'

const start = (): StartedWorker => ({ postMessage: () => {}, terminate: () => {}, addEventListener: () => {} })

/** Runs what was served in this thread, from what has travelled. */
class ServingLauncher implements Launcher {
  readonly name = 'serving'
  readonly ranksAre = 'threads'
  readonly requests: LaunchRequest[] = []
  #program: RankProgram | undefined

  serve(program: RankProgram): void {
    this.#program = program
  }

  launch(request: LaunchRequest): LaunchedRanks {
    this.requests.push(request)
    const result = this.#program?.({
      world: { rank: soloRank, group: new SoloGroup() },
      input: structuredClone(request.input),
      send: (message) => request.onMessage(0, structuredClone(message)),
      onMessage: () => {},
    })
    return { results: Promise.all([result]), send: () => {}, end: async () => {} }
  }
}

const quiet = { loggers: false, platform: new TestPlatform() } as const

describe('a run in web workers', () => {
  test('is that which the file serves, with what the caller adds', async () => {
    const launcher = new ServingLauncher()
    serve(run, { launcher })
    const events: string[] = []
    const result = await new Trainer({ ...quiet, launcher, maxSteps: 2 }).fit(start, {
      onEvent: ({ type }) => events.push(type),
    })
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 2 } })
    expect(events[0]).toBe('started')
    expect(events).toContain('progress')
    expect(launcher.requests[0]).toMatchObject({ program: start, worldSize: 1, modules: [] })
  })

  test('has as many workers as devices says, which has to be a number', async () => {
    const launcher = new ServingLauncher()
    serve(run, { launcher })
    // The rank, alone in this test, finds no strategy for three.
    await refusal(() => new Trainer({ ...quiet, launcher, devices: 3 }).fit(start), 'LEVIN_NOT_SUPPORTED')
    expect(launcher.requests[0]?.worldSize).toBe(3)
    await refusal(() => new Trainer({ ...quiet, launcher, devices: '0,1' }).fit(start), 'LEVIN_BAD_OPTION')
  })

  test('needs a launcher that starts web workers', async () => {
    const other: Launcher = { name: 'other', ranksAre: 'processes', launch: () => ({}) as never }
    const error = await refusal(() => new Trainer({ ...quiet, launcher: other }).fit(start), 'LEVIN_NOT_SUPPORTED')
    expect(error.message).toContain("'other' does not start web workers")
    const none = await refusal(() => new Trainer(quiet).fit(start), 'LEVIN_UNAVAILABLE')
    expect(none.remedy).toContain('@levin/distributed/register')
  })

  test('imports nothing for the caller', async () => {
    const imports = [new URL('file:///plugin.js')]
    const options = { imports } as never
    const error = await refusal(
      () => new Trainer({ ...quiet, launcher: new ServingLauncher() }).fit(start, options),
      'LEVIN_BAD_OPTION',
    )
    expect(error.message).toContain("no option 'imports'")
  })
})

describe('serve()', () => {
  test('takes what defineRun gives', async () => {
    const launcher = new ServingLauncher()
    const error = await refusal(() => serve({ module: () => {} } as never, { launcher }), 'LEVIN_RUN_MODULE')
    expect(error.message).toContain('What serve() was given')
  })

  test('says what to import where nothing talks to whoever started it', async () => {
    const error = await refusal(() => serve(defineRun({ module: () => ({}) as never })), 'LEVIN_UNAVAILABLE')
    expect(error.remedy).toContain('serve(run, { launcher: worker() })')
  })
})
