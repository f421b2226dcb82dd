import type { Callback, EpochRunContext, StepRunContext, TrainBatchOutput } from '@levin/core'
import { BoringLoader } from './boring-loader.js'
import { type BoringBatch, BoringModule } from './boring-module.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectJson, expectNoLeak, expectTrue, throughJson } from './expectations.js'
import type { Fit, FitOutcome } from './fit.js'
import { HOOKS } from './hook-transcript.js'
import { MemoryCheckpoints } from './memory-checkpoints.js'
import { TestPlatform } from './test-platform.js'

export interface CallbackHarness extends KnownFailures {
  /** A new callback. `BoringModule` logs `train/loss` at every step and `val/loss` per validation. */
  create(): Callback
  readonly fit: Fit
  /** Whether training comes to the same with and without it. Default `true`; averaging of weights would say `false`. */
  readonly passive?: boolean
}

/** Everything that a run relies on in a callback. */
export function callbackCases(harness: CallbackHarness): ConformanceCase[] {
  return conformanceCases(
    {
      'has hooks of the contract only': () => checkHooks(harness.create()),
      'has a name for errors and checkpoints': () => checkName(harness.create()),
      'touches nothing when it is created': () => expectNoLeak(() => void harness.create(), 'creating the callback'),
      'serves a run, and leaves no tensor behind': () => checkRun(harness),
      'changes nothing about training': () => checkPassive(harness),
      'serves a second run': () => checkSecondRun(harness),
      'keeps its state as JSON, which comes back the same': () => checkState(harness),
      'goes on from a checkpoint': () => checkResume(harness),
      'does not hide an error of the run': () => checkFailure(harness),
    },
    harness,
  )
}

interface RunOptions {
  readonly module?: BoringModule
  readonly maxEpochs?: number
  readonly checkpoints?: MemoryCheckpoints
  readonly ckptPath?: string
}

interface Training extends FitOutcome {
  readonly losses: readonly number[]
}

/** Fits with the callback, and one after it that notes losses and saves each epoch. */
async function train(
  harness: CallbackHarness,
  callback: Callback | undefined,
  options: RunOptions = {},
): Promise<Training> {
  const { module = new BoringModule(), maxEpochs = 2, checkpoints = new MemoryCheckpoints(), ckptPath } = options
  const losses: number[] = []
  const observer: Callback = {
    name: 'conformanceObserver',
    order: 'last',
    async onTrainBatchEnd({ loss }: TrainBatchOutput, _batch: unknown, _index: number, _run: StepRunContext) {
      losses.push(...((await loss?.data()) ?? []))
    },
    async onTrainEpochEnd(run: EpochRunContext) {
      await run.saveCheckpoint(`conformance/${run.clock.epoch}`)
    },
  }
  try {
    const outcome = await harness.fit({
      module,
      data: { train: new BoringLoader(), validate: new BoringLoader({ batches: 2 }) },
      callbacks: [...(callback ? [callback] : []), observer],
      maxEpochs,
      accumulateGradBatches: 1,
      seed: 1,
      platform: new TestPlatform({ tick: 1 }),
      checkpointIO: checkpoints,
      ...(ckptPath === undefined ? {} : { ckptPath }),
    })
    return { ...outcome, losses }
  } finally {
    module.dispose()
  }
}

function checkHooks(callback: Callback): void {
  const known: readonly string[] = HOOKS
  for (let object: object = callback; object !== Object.prototype; object = Object.getPrototypeOf(object) as object) {
    const stray = Object.getOwnPropertyNames(object).find((name) => /^on[A-Z]/.test(name) && !known.includes(name))
    expectTrue(stray === undefined, `'${stray}' looks like a hook, and no run has a hook of that name.`)
  }
}

function checkName(callback: Callback): void {
  const name = callback.name ?? callback.constructor.name
  expectTrue(name !== '' && name !== 'Object', 'A callback without a class needs a name.')
}

async function checkRun(harness: CallbackHarness): Promise<void> {
  await expectNoLeak(() => train(harness, harness.create()), 'a run with the callback')
}

async function checkPassive(harness: CallbackHarness): Promise<void> {
  if (harness.passive === false) return
  const without = await train(harness, undefined)
  const withIt = await train(harness, harness.create())
  expectEqual([...withIt.losses], without.losses.slice(0, withIt.losses.length), 'losses of a run with the callback')
}

async function checkSecondRun(harness: CallbackHarness): Promise<void> {
  const callback = harness.create()
  await train(harness, callback)
  await train(harness, callback)
}

async function checkState(harness: CallbackHarness): Promise<void> {
  const callback = harness.create()
  expectTrue(!callback.loadState || callback.state !== undefined, 'loadState() without state().')
  if (!callback.state) return
  expectJson(callback.state(), 'state() before a run')
  await train(harness, callback)
  expectJson(callback.state(), 'state() after a run')
  const other = harness.create()
  other.loadState?.(throughJson(callback.state()))
  expectEqual(other.state?.(), callback.state(), 'state() after loadState()')
  expectEqual(other.stateKey, callback.stateKey, 'stateKey of two callbacks that were made alike')
}

async function checkResume(harness: CallbackHarness): Promise<void> {
  const checkpoints = new MemoryCheckpoints()
  await train(harness, harness.create(), { checkpoints, maxEpochs: 1 })
  const resumed = await train(harness, harness.create(), { checkpoints, maxEpochs: 2, ckptPath: 'conformance/0' })
  expectTrue(resumed.clock.epoch >= 1, 'The run did not go on from the checkpoint.')
}

class Failing extends BoringModule {
  override loss(batch: BoringBatch, step: Parameters<BoringModule['loss']>[1]) {
    if (step.training && step.batchIndex === 2) throw new Error('the error of the run')
    return super.loss(batch, step)
  }
}

async function checkFailure(harness: CallbackHarness): Promise<void> {
  const callback = harness.create()
  const failed = async () => {
    const error: unknown = await train(harness, callback, { module: new Failing() }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expectTrue(String(error).includes('the error of the run'), `Expected the error of the run, found ${String(error)}.`)
  }
  await expectNoLeak(failed, 'a run that failed')
}
