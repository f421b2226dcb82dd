import { Module, type RunKind, type Strategy, VariableParameter } from '@levin/core'
import { refusals } from '../run/refusals.js'

const NEEDED = {
  fit: ['trainingStep', 'configureOptimizers'],
  validate: ['validationStep'],
  test: ['testStep'],
  predict: [],
} as const satisfies Readonly<Record<RunKind, readonly (keyof Module)[]>>

/** The module that was given, refused where it cannot serve what is asked, before anything is set up. */
export async function requireModule(module: unknown, kind: RunKind): Promise<Module> {
  if (!(module instanceof Module)) throw (await refusals()).notAModule(kind, module)
  const missing = NEEDED[kind].find((method) => !module[method])
  if (missing) throw (await refusals()).lacksMethod(module, kind, missing)
  return module
}

/** Refuses what the strategy cannot do with this module on this accelerator. */
export async function requireSupported(
  module: Module,
  strategy: Strategy,
  { synchronousRead, accumulate }: { synchronousRead: boolean; accumulate: number },
): Promise<void> {
  const { capabilities, name } = strategy
  const isManual = !module.automaticOptimization
  const whole = module.parameters().find((parameter) => parameter instanceof VariableParameter)
  if (capabilities.shardsParameters && whole) throw (await refusals()).shardsVariable(name, whole.path)
  if (isManual && !(capabilities.manualOptimization && strategy.manualStep))
    throw (await refusals()).noManualOptimization(name)
  if (isManual && accumulate > 1) throw (await refusals()).accumulatesManually(module, accumulate)
  if (capabilities.needsSynchronousRead && !synchronousRead) throw (await refusals()).needsSynchronousRead(name)
}
