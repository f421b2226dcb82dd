import {
  describe,
  flag,
  functionOption,
  LevinError,
  nearestName,
  type OptionRules,
  type RunKind,
  text,
} from '@levin/core'

const OPTIONS: OptionRules = {
  signal: {
    expected: 'an AbortSignal',
    accepts: (value) => typeof (value as Partial<AbortSignal> | null)?.addEventListener === 'function',
  },
  ckptPath: text("the location of a checkpoint, 'last' or 'best'"),
  onEvent: functionOption,
}

const WORKERS: OptionRules = {
  hparams: {
    expected: 'an object of hyper-parameters by name',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
}

const MODULE: OptionRules = {
  ...WORKERS,
  imports: {
    expected: 'an array of URLs of modules',
    accepts: (value) => Array.isArray(value) && value.every((item) => item instanceof URL),
  },
}

/** What a run may be of: a module that is built, the URL of a run module, or workers that have the run. */
const BY_TARGET = { built: {}, module: MODULE, workers: WORKERS } as const

const PREDICT: OptionRules = {
  returnPredictions: flag,
}

/**
 * Refuses options of one run that it does not have: a checkpoint under a mistyped name would be left out in silence.
 *
 * @throws LEVIN_BAD_OPTION
 */
export function requireRunOptions(kind: RunKind, options: unknown, target: keyof typeof BY_TARGET = 'built'): void {
  const known: OptionRules = {
    ...OPTIONS,
    ...BY_TARGET[target],
    ...(kind === 'predict' ? PREDICT : {}),
  }
  if (typeof options !== 'object' || options === null) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `${kind}() takes its options as an object, found ${describe(options)}.`,
    })
  }
  for (const [name, value] of Object.entries(options)) {
    const option = Object.hasOwn(known, name) ? known[name] : undefined
    if (!option) throw unknownOption(kind, name, Object.keys(known))
    if (value === undefined || option.accepts(value)) continue
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option '${name}' of ${kind}() is wrong: expected ${option.expected}, found ${describe(value)}.`,
    })
  }
}

function unknownOption(kind: RunKind, name: string, known: readonly string[]): LevinError {
  const near = nearestName(name, known)
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `${kind}() has no option '${name}'.`,
    remedy: near
      ? `Did you mean '${near}'?`
      : `It has: ${known.join(', ')}. Options of the Trainer go to new Trainer({ … }).`,
  })
}
