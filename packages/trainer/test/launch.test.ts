import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ClusterEnvironment,
  CurrentBackend,
  definePlugin,
  everyEpochs,
  type LaunchedRanks,
  type Launcher,
  type LaunchRequest,
  LevinError,
  type ProcessGroupFactory,
  register,
  SoloGroup,
  soloRank,
  unregister,
} from '@levin/core'
import { BoringModule, MemoryCheckpoints, TestPlatform } from '@levin/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OnRunEvent, type RunEvent, Trainer, type TrainerOptions } from '../src/index.js'
import type { RankInput } from '../src/launch/rank-input.js'
import { serveRank } from '../src/launch/serve-rank.js'
import { built } from './run-modules/boring-run.js'
import { refusal } from './support.js'

const run = new URL('./run-modules/boring-run.ts', import.meta.url)

let rootDir: string
beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'levin-launch-'))
  built.length = 0
})
afterEach(() => rm(rootDir, { recursive: true, force: true }))

/** Runs its one rank in this thread, from what has travelled: the ways of a launcher without its threads. */
class HereLauncher implements Launcher {
  readonly name = 'here'
  readonly ranksAre = 'threads'
  readonly requests: LaunchRequest[] = []
  /** Messages that the rank was sent. */
  readonly sent: unknown[] = []
  /** Fails an attempt when it has done something. */
  fail: ((attempt: number, message: unknown) => Error | undefined) | undefined

  launch(request: LaunchRequest): LaunchedRanks {
    const attempt = this.requests.push(request) - 1
    const listeners: ((message: unknown) => void)[] = []
    const results = new Promise<readonly unknown[]>((resolve, reject) => {
      let failure: Error | undefined
      serveRank({
        world: { rank: soloRank, group: new SoloGroup() },
        input: structuredClone(request.input),
        send: (message) => {
          request.onMessage(0, structuredClone(message))
          failure ??= this.fail?.(attempt, message)
          if (failure) for (const listener of listeners) listener({ type: 'abort', reason: 'failed' })
        },
        onMessage: (listener) => listeners.push(listener),
      }).then((result) => (failure ? reject(failure) : resolve([structuredClone(result)])), reject)
    })
    return {
      results,
      send: (message) => {
        this.sent.push(message)
        for (const listener of listeners) listener(structuredClone(message))
      },
      end: async () => {},
    }
  }
}

const silent = () => ({ accelerator: Object.assign(new CurrentBackend(), { advice: () => undefined }) })

function launched(options: TrainerOptions = {}) {
  const launcher = new HereLauncher()
  const platform = new TestPlatform()
  const trainer = new Trainer({ launcher, platform, defaultRootDir: rootDir, loggers: false, ...options })
  return { launcher, platform, trainer }
}

const inputOf = ({ requests }: HereLauncher, attempt = 0) => requests[attempt]?.input as RankInput

describe('a run by the URL of its module', () => {
  test('is built as the module says, with what the caller changes, and gives its result', async () => {
    const platform = new TestPlatform()
    const trainer = new Trainer({ ...silent(), platform, maxEpochs: 3, loggers: false, enableCheckpointing: false })
    const events: RunEvent[] = []
    const result = await trainer.fit(run, { hparams: { learningRate: 0.5 }, onEvent: (event) => events.push(event) })
    expect(result).toMatchObject({ status: 'completed', clock: { epoch: 3, globalStep: 12 } })
    expect(built.map(({ hparams }) => hparams)).toEqual([expect.objectContaining({ learningRate: 0.5, batches: 4 })])
    expect(built[0]?.module.learningRate).toBe(0.5)
    expect(events.filter(({ type }) => type === 'log').length).toBeGreaterThan(0)
    built[0]?.module.dispose()
  })

  test.each(['validate', 'test', 'predict'] as const)('can be a %s', async (kind) => {
    const { trainer, launcher } = launched()
    const result = await trainer[kind](run)
    expect(result.status).toBe('completed')
    expect(inputOf(launcher).kind).toBe(kind)
  })

  test('is refused with what is wrong', async () => {
    const { trainer } = launched()
    const wrong = (options: object) => refusal(() => trainer.fit(run, options as never), 'LEVIN_BAD_OPTION')
    expect((await wrong({ hparam: {} })).message).toContain("Did you mean 'hparams'?")
    expect((await wrong({ imports: ['./x.js'] })).message).toContain('expected an array of URLs')
    expect((await wrong({ onEvent: 1 })).message).toContain("'onEvent' of fit() is wrong: expected a function")
    const unknown = await refusal(() => trainer.fit(run, { hparams: { rate: 1 } }), 'LEVIN_RUN_MODULE')
    expect(unknown.message).toContain("no hyper-parameter 'rate'")
    const missing = new URL('./run-modules/none.ts', import.meta.url)
    expect((await refusal(() => trainer.fit(missing), 'LEVIN_RUN_MODULE')).message).toContain('does not load')
  })
})

describe('a launched run', () => {
  test('tells its controller where it is, what it logs and what it saves', async () => {
    const { trainer, launcher } = launched({ enableCheckpointing: false })
    const events: RunEvent[] = []
    const result = await trainer.fit(run, { onEvent: (event) => events.push(event) })
    expect(result.status).toBe('completed')
    expect(events[0]).toEqual({ type: 'started', worldSize: 1, attempt: 0 })
    expect(events.at(-1)).toMatchObject({ type: 'progress', clock: { globalStep: 8, epoch: 2 } })
    expect(events.filter(({ type }) => type === 'log')).toContainEqual({
      type: 'log',
      metrics: { 'val/loss': expect.any(Number) },
      globalStep: 4,
      epoch: 0,
    })
    expect(inputOf(launcher)).toMatchObject({ runModule: run.href, hparams: {}, candidates: [] })
  })

  test('writes to the terminal of its controller', async () => {
    const { trainer, platform } = launched({ enableModelSummary: true, enableCheckpointing: false })
    await trainer.fit(run)
    expect(platform.written).toContain('parameters')
  })

  test('stops when its controller aborts, and when the controller gets a signal', async () => {
    const aborting = new AbortController()
    const stop: OnRunEvent = ({ type }) => type === 'progress' && aborting.abort(new Error('enough'))
    const first = launched({ enableCheckpointing: false })
    expect(await first.trainer.fit(run, { signal: aborting.signal, onEvent: stop })).toMatchObject({
      status: 'aborted',
      message: 'enough',
    })
    const second = launched({ enableCheckpointing: false, handleSignals: true })
    const signal: OnRunEvent = ({ type }) => type === 'progress' && second.platform.send('SIGTERM')
    expect(await second.trainer.fit(run, { onEvent: signal })).toMatchObject({
      status: 'stopped',
      reason: 'signal',
      message: 'SIGTERM',
    })
    expect(second.platform.send('SIGTERM')).toBe(false)
  })

  test('takes options of the Trainer along: plugins by their recipes', async () => {
    const { trainer, launcher } = launched({
      enableCheckpointing: false,
      valCheckInterval: everyEpochs(2),
      gradientClipVal: 1,
    })
    await trainer.fit(run, { ckptPath: undefined } as never)
    expect(inputOf(launcher).options).toEqual({
      defaultRootDir: rootDir,
      loggers: false,
      enableCheckpointing: false,
      valCheckInterval: everyEpochs(2),
      gradientClipVal: 1,
    })
  })

  test.each([
    [{ callbacks: [{ name: 'mine', onTrainStart: () => {} }] }, 'callbacks[0] was built by hand'],
    [{ checkpointIO: new MemoryCheckpoints() }, 'checkpointIO was built by hand'],
  ])('refuses options that cannot travel: %#', async (options, message) => {
    const { trainer } = launched(options as TrainerOptions)
    const error = await refusal(() => trainer.fit(run), 'LEVIN_NOT_SUPPORTED')
    expect(error.message).toContain(message)
    expect(error.message).toContain('in the run module')
  })

  test('is not that of a module that is built already: the error shows the run module to write', async () => {
    const { trainer } = launched()
    const error = await refusal(() => trainer.fit(new BoringModule()), 'LEVIN_NOT_SUPPORTED')
    expect(error.message).toContain('cannot travel')
    expect(error.message).toContain('export default defineRun({')
  })

  test('names a plugin that the run module does not import', async () => {
    const plugin = definePlugin({
      kind: 'callback',
      name: 'far-away',
      apiVersion: 1,
      create: () => ({ name: 'farAway' }),
    })
    const { trainer, launcher } = launched({ callbacks: [plugin()], enableCheckpointing: false })
    const error = await refusal(() => trainer.fit(run), 'LEVIN_UNKNOWN_PLUGIN')
    expect(inputOf(launcher).options.callbacks).toEqual([['far-away', {}]])
    expect(error.message).toContain(`which knows what its run module imports`)
    expect(error.message).toContain(run.href)
  })
})

describe('restarts', () => {
  const lost = () => new LevinError('LEVIN_WORKER_LOST', { message: 'Rank 1 ended.' })
  const afterProgress = (attempts: number, error: () => Error) => (attempt: number, message: unknown) =>
    attempt < attempts && (message as { event?: RunEvent }).event?.type === 'progress' ? error() : undefined

  test('begin where the run began if nothing was saved, and are told', async () => {
    const { trainer, launcher, platform } = launched({ maxRestarts: 2, enableCheckpointing: false })
    launcher.fail = afterProgress(2, lost)
    const events: RunEvent[] = []
    const result = await trainer.fit(run, { onEvent: (event) => events.push(event) })
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 8 } })
    expect(launcher.requests).toHaveLength(3)
    expect(events.filter(({ type }) => type === 'restart')).toEqual([
      { type: 'restart', attempt: 1, message: 'Rank 1 ended.', checkpoint: undefined },
      { type: 'restart', attempt: 2, message: 'Rank 1 ended.', checkpoint: undefined },
    ])
    expect(platform.written).toContain('The workers are started again, from the beginning (restart 1).')
  })

  test('come to an end', async () => {
    const { trainer, launcher } = launched({ maxRestarts: 1, enableCheckpointing: false })
    launcher.fail = afterProgress(9, lost)
    await refusal(() => trainer.fit(run), 'LEVIN_WORKER_LOST')
    expect(launcher.requests).toHaveLength(2)
  })

  test('are not made for what would come again', async () => {
    const { trainer, launcher } = launched({ maxRestarts: 3, enableCheckpointing: false })
    launcher.fail = afterProgress(9, () => new LevinError('LEVIN_NON_FINITE_LOSS', { message: 'NaN' }))
    await refusal(() => trainer.fit(run), 'LEVIN_NON_FINITE_LOSS')
    expect(launcher.requests).toHaveLength(1)
  })

  test('are refused where the Trainer starts no workers', async () => {
    const trainer = new Trainer({ ...silent(), maxRestarts: 1 })
    const error = await refusal(() => trainer.fit(run), 'LEVIN_NOT_SUPPORTED')
    expect(error.message).toContain("launcher: 'worker'")
  })
})

describe('where somebody else has started the processes', () => {
  const rank = { globalRank: 1, localRank: 1, nodeRank: 0, localWorldSize: 2, worldSize: 2 }
  const environment: ClusterEnvironment = { name: 'test', detect: () => rank }
  const options = { ...silent(), clusterEnvironment: environment }

  test('a collective has to be there', async () => {
    const error = await refusal(() => new Trainer(options).fit(new BoringModule()), 'LEVIN_UNAVAILABLE')
    expect(error.message).toContain('This process is rank 1 of 2, and nothing here connects it to the others')
  })

  test('devices are those that were started', async () => {
    const error = await refusal(() => new Trainer({ ...options, devices: 3 }).fit(new BoringModule()), 'LEVIN_CLUSTER')
    expect(error.message).toContain('is to use 3 devices per node, and 2 processes were started on this one')
  })

  test('a strategy of one worker is refused', async () => {
    class Lonely implements ProcessGroupFactory {
      readonly name = 'lonely'
      async connect() {
        return new SoloGroup()
      }
    }
    const plugin = definePlugin({ kind: 'collective', name: 'lonely', apiVersion: 1, create: () => new Lonely() })
    register(plugin)
    try {
      const error = await refusal(() => new Trainer(options).fit(new BoringModule()), 'LEVIN_UNAVAILABLE')
      expect(error.message).toContain('The run has 2 workers, and nothing here can use several')
    } finally {
      unregister(plugin)
    }
  })

  test('that can be left out of account', async () => {
    const trainer = new Trainer({
      ...options,
      clusterEnvironment: false,
      fastDevRun: true,
      platform: new TestPlatform(),
    })
    expect((await trainer.fit(run)).status).toBe('completed')
  })
})

test('several devices are refused before anything starts if no strategy can use them', async () => {
  const { trainer } = launched({ ...silent(), devices: 2 })
  const error = await refusal(() => trainer.fit(run), 'LEVIN_UNAVAILABLE')
  expect(error.message).toContain('The run has 2 workers, and nothing here can use several')
})
