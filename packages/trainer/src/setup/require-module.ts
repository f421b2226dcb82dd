import { describe, LevinError, Module, type RunKind, type Strategy, VariableParameter } from '@levin/core'

const STEPS: Readonly<Record<Exclude<RunKind, 'fit' | 'predict'>, 'validationStep' | 'testStep'>> = {
  validate: 'validationStep',
  test: 'testStep',
}

/** The module that was given, refused where it cannot serve what is asked, before anything is set up. */
export function requireModule(module: unknown, kind: RunKind): Module {
  if (!(module instanceof Module)) {
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `${kind}() got no module.`,
      expected: 'an instance of a class that extends Module',
      found: describe(module),
      remedy: 'If its class does extend Module, two copies of @levin/core are installed: see `npm ls @levin/core`.',
    })
  }
  const name = module.constructor.name
  const missing =
    kind === 'fit'
      ? (['trainingStep', 'configureOptimizers'] as const).find((method) => !module[method])
      : missingStep(module, kind)
  if (!missing) return module
  throw new LevinError('LEVIN_INVALID_MODULE', {
    message: `${name} has no ${missing}(), which ${kind}() needs.`,
    remedy: `Add ${missing}() to ${name}.${EXAMPLES[missing] ?? ''}`,
  })
}

const missingStep = (module: Module, kind: RunKind) =>
  kind === 'validate' || kind === 'test' ? [STEPS[kind]].find((method) => !module[method]) : undefined

const EXAMPLES: Readonly<Record<string, string>> = {
  trainingStep:
    ' It returns the loss of a batch: trainingStep(batch, step) { return mse(this.net.forward(batch.x, step), batch.y) }',
  configureOptimizers:
    ' For example: configureOptimizers() { return adamW(this.parameters(), { learningRate: 1e-3 }) }',
}

/** Refuses what the strategy cannot do with this module on this accelerator. */
export function requireSupported(
  module: Module,
  strategy: Strategy,
  { synchronousRead, accumulate }: { synchronousRead: boolean; accumulate: number },
): void {
  const { capabilities, name } = strategy
  const whole = module.parameters().find((parameter) => parameter instanceof VariableParameter)
  if (capabilities.shardsParameters && whole) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The strategy '${name}' shards parameters, and '${whole.path}' is a plain tf.Variable whose values exist whole already.`,
      remedy: 'Declare it as a Parameter, or use a strategy that does not shard.',
    })
  }
  if (!module.automaticOptimization && (!capabilities.manualOptimization || !strategy.manualStep)) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The strategy '${name}' does not support manual optimization.`,
    })
  }
  if (!module.automaticOptimization && accumulate > 1) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `accumulateGradBatches is ${accumulate}, and ${module.constructor.name} optimizes manually.`,
      remedy: 'Leave the option out: the module decides itself when its optimizers step.',
    })
  }
  if (capabilities.needsSynchronousRead && !synchronousRead) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The strategy '${name}' communicates inside a forward, and the accelerator cannot be read synchronously.`,
      remedy: "Use accelerator: 'cpu', or a strategy that communicates between steps.",
    })
  }
}
