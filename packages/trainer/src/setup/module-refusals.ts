import { describe, LevinError, type Module, type RunKind } from '@levin/core'

// What is wrong with a module that a run cannot begin with.

export function notAModule(kind: RunKind, found: unknown): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `${kind}() got no module.`,
    expected: 'an instance of a class that extends Module',
    found: describe(found),
    remedy: 'If its class does extend Module, two copies of @levin/core are installed: see `npm ls @levin/core`.',
  })
}

const EXAMPLES: Readonly<Record<string, string>> = {
  trainingStep:
    ' It returns the loss of a batch: trainingStep(batch, step) { return mse(this.net.forward(batch.x, step), batch.y) }',
  configureOptimizers:
    ' For example: configureOptimizers() { return adamW(this.parameters(), { learningRate: 1e-3 }) }',
}

export function lacksMethod(module: Module, kind: RunKind, missing: string): LevinError {
  const { name } = module.constructor
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `${name} has no ${missing}(), which ${kind}() needs.`,
    remedy: `Add ${missing}() to ${name}.${EXAMPLES[missing] ?? ''}`,
  })
}

export function shardsVariable(strategy: string, path: string): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The strategy '${strategy}' shards parameters, and '${path}' is a plain tf.Variable whose values exist whole already.`,
    remedy: 'Declare it as a Parameter, or use a strategy that does not shard.',
  })
}

export function noManualOptimization(strategy: string): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The strategy '${strategy}' does not support manual optimization.`,
  })
}

export function accumulatesManually(module: Module, accumulate: number): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `accumulateGradBatches is ${accumulate}, and ${module.constructor.name} optimizes manually.`,
    remedy: 'Leave the option out: the module decides itself when its optimizers step.',
  })
}

export function needsSynchronousRead(strategy: string): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The strategy '${strategy}' communicates inside a forward, and the accelerator cannot be read synchronously.`,
    remedy: "Use accelerator: 'cpu', or a strategy that communicates between steps.",
  })
}

export function needsRunModule(worldSize: number): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The run takes place in ${worldSize === 1 ? 'a worker' : `${worldSize} workers`}, and a module that is built already cannot travel there.`,
    remedy: `Write a run module, which every worker imports, and give its URL: trainer.fit(new URL('./run.js', import.meta.url)).

  // run.js
  export default defineRun({
    hparams: { learningRate: 1e-3 },
    module: (hparams) => new MyModule(hparams),
    data: () => new MyData(),
  })`,
  })
}
