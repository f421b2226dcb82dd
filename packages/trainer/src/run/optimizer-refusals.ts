import { describe, LevinError, type Module, type Optimizer, type Parameter } from '@levin/core'

// What is wrong with what configureOptimizers() returned.

export function notAnOptimizer(module: Module, found: unknown): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `${module.constructor.name}.configureOptimizers() returned no optimizer.`,
    expected: 'an optimizer, { optimizer, schedule }, or an array of these',
    found: describe(found),
    remedy: 'Return one of @levin/optim, for example adamW(this.parameters(), { learningRate: 1e-3 }).',
  })
}

export function severalOptimizers(module: Module, count: number): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `${module.constructor.name}.configureOptimizers() returned ${count} optimizers.`,
    remedy:
      'Several optimizers need manual optimization: set automaticOptimization = false and call step.backward() and the optimizers in trainingStep.',
  })
}

export function noMonitor(schedule: string): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `The schedule '${schedule}' answers to a metric, and none is named.`,
    remedy: "Add monitor: 'val/loss' (or another name you log) beside the schedule in configureOptimizers().",
  })
}

export function badFrequency(found: unknown): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    expected: 'a schedule frequency of at least 1',
    found: String(found),
  })
}

/** What no field of the module holds would get no value, and be in no checkpoint. */
export function foreignParameter(module: Module, optimizer: Optimizer, { shape }: Parameter): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: `The optimizer '${optimizer.name}' trains a parameter of shape [${shape.join(', ')}] that ${module.constructor.name} does not hold.`,
    remedy:
      'Give it this.parameters(), or keep the layer in a field of the module. Private #fields cannot be seen by a walk over it.',
  })
}

export function badInterval(found: unknown): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    expected: "the interval of a schedule to be 'step' or 'epoch'",
    found: describe(found),
  })
}

export function notASchedule(found: unknown): LevinError {
  return new LevinError('LEVIN_INVALID_MODULE', {
    message: 'What configureOptimizers() returned as a schedule is none.',
    expected: 'one of @levin/optim, such as cosine({ steps: 1000 }), or customSchedule(…)',
    found: describe(found),
  })
}
