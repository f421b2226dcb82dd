import type { Callback, HookName, Module, RunContext, StepContext } from '@levin/core'

type CallbackHook = HookName | 'onSanityCheckStart' | 'onSanityCheckEnd' | 'onException'

/** Every hook of a run, in the order of the contract. */
export const HOOKS = [
  'setup',
  'onFitStart',
  'onSanityCheckStart',
  'onSanityCheckEnd',
  'onTrainStart',
  'onTrainEpochStart',
  'onTrainBatchStart',
  'onBeforeZeroGrad',
  'onBeforeBackward',
  'onAfterBackward',
  'onBeforeOptimizerStep',
  'onTrainBatchEnd',
  'onTrainEpochEnd',
  'onTrainEnd',
  'onValidationStart',
  'onValidationEpochStart',
  'onValidationBatchStart',
  'onValidationBatchEnd',
  'onValidationEpochEnd',
  'onValidationEnd',
  'onTestStart',
  'onTestEpochStart',
  'onTestBatchStart',
  'onTestBatchEnd',
  'onTestEpochEnd',
  'onTestEnd',
  'onPredictStart',
  'onPredictEpochStart',
  'onPredictBatchStart',
  'onPredictBatchEnd',
  'onPredictEpochEnd',
  'onPredictEnd',
  'onSaveCheckpoint',
  'onLoadCheckpoint',
  'onFitEnd',
  'onException',
  'teardown',
] as const satisfies readonly CallbackHook[]

// A hook that core adds and this list lacks is a compile error here.
type Missing = Exclude<CallbackHook, (typeof HOOKS)[number]>
const COMPLETE: [Missing] extends [never] ? true : Missing = true
void COMPLETE

/** What a module does besides hooks, in the transcript of {@link recordHooks}. */
const STEPS = ['trainingStep', 'validationStep', 'testStep', 'predictStep'] as const
const METHODS = ['configureModel', 'configureOptimizers', 'configureGradientClipping', 'optimizerStep'] as const

/** One call. */
export interface RecordedCall {
  /** Who was called: the callback's name, or `module`. */
  readonly who: string
  readonly hook: string
  /** What the run was doing, such as `train e0 b2`: phase, epoch, batch within the epoch where there is one. */
  readonly moment: string
}

/**
 * Every hook that was called, in order: for golden tests of loops and callbacks.
 *
 * @example
 * const transcript = new HookTranscript()
 * await new Trainer({ callbacks: [recordingCallback(transcript)] }).fit(recordHooks(module, transcript), data)
 * expect(transcript.text()).toBe(golden)
 */
export class HookTranscript {
  readonly calls: RecordedCall[] = []

  /**
   * One line per call; neighbours that differ only in who was called share one:
   * `train e0 b1  onTrainBatchEnd  callback, module`
   */
  text(): string {
    const lines: { moment: string; hook: string; who: string[] }[] = []
    for (const { moment, hook, who } of this.calls) {
      const last = lines.at(-1)
      if (last && last.moment === moment && last.hook === hook && !last.who.includes(who)) last.who.push(who)
      else lines.push({ moment, hook, who: [who] })
    }
    return lines.map(({ moment, hook, who }) => `${moment}  ${hook}  ${who.join(', ')}`).join('\n')
  }

  /** Names of the hooks that one participant got. */
  hooksOf(who: string): string[] {
    return this.calls.filter((call) => call.who === who).map(({ hook }) => hook)
  }

  count(hook: string, who?: string): number {
    return this.calls.filter((call) => call.hook === hook && (who === undefined || call.who === who)).length
  }

  /** @internal */
  record(who: string, hook: string, args: readonly unknown[]): void {
    this.calls.push({ who, hook, moment: momentOf(args) })
  }
}

function momentOf(args: readonly unknown[]): string {
  const context = args.at(-1)
  const batch = args.find((arg) => typeof arg === 'number')
  const suffix = batch === undefined ? '' : ` b${batch}`
  if (isRun(context)) return `${context.phase} e${context.clock.epoch}${suffix}`
  if (isStep(context)) return `${context.mode} e${context.epoch} b${context.batchIndex}`
  return '-'
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isRun = (value: unknown): value is RunContext => isObject(value) && 'phase' in value && 'clock' in value
const isStep = (value: unknown): value is StepContext => isObject(value) && 'mode' in value && 'batchIndex' in value

export interface RecordingOptions {
  /** Default `'callback'`. */
  readonly name?: string
  readonly order?: 'normal' | 'last'
  /** Hooks to leave out. Default: none. */
  readonly except?: readonly CallbackHook[]
  /** Called at each hook, after it was recorded: to stop a run there, or to throw. */
  readonly at?: (hook: CallbackHook, ...args: unknown[]) => unknown
}

/** A callback with every hook, each of which is recorded. */
export function recordingCallback(
  transcript: HookTranscript,
  { name = 'callback', order = 'normal', except = [], at }: RecordingOptions = {},
): Callback {
  const hooks = HOOKS.filter((hook) => !except.includes(hook)).map((hook) => [
    hook,
    (...args: unknown[]) => {
      transcript.record(name, hook, args)
      return at?.(hook, ...args)
    },
  ])
  return { name, order, ...Object.fromEntries(hooks) } as Callback
}

/** Makes a module record its hooks, steps and configuring methods as `module`. What it does itself stays. Returns it. */
export function recordHooks<M extends Module>(module: M, transcript: HookTranscript, name = 'module'): M {
  const methods = module as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>
  const wrap = (method: string): void => {
    const own = methods[method]?.bind(module)
    methods[method] = (...args) => {
      transcript.record(name, method, args)
      return own?.(...args)
    }
  }
  for (const hook of HOOKS) if (!['onSanityCheckStart', 'onSanityCheckEnd', 'onException'].includes(hook)) wrap(hook)
  for (const method of [...STEPS, ...METHODS]) if (methods[method]) wrap(method)
  return module
}
