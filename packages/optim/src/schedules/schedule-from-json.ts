import { describe, LevinError, type PureSchedule, type Schedule } from '@levin/core'
import { chainSchedules } from './chain-schedules.js'
import { constantFactor } from './constant-factor.js'
import { cosine } from './cosine.js'
import { cosineWarmRestarts } from './cosine-warm-restarts.js'
import { exponential } from './exponential.js'
import { linearRamp } from './linear-ramp.js'
import { multiStep } from './multi-step.js'
import { oneCycle } from './one-cycle.js'
import { polynomial } from './polynomial.js'
import type { ScheduleJSON } from './pure-schedule.js'
import { reduceOnPlateau } from './reduce-on-plateau.js'
import { sequenceSchedules } from './sequence-schedules.js'
import { stepDecay } from './step-decay.js'
import { warmup } from './warmup.js'

type Maker = (options: never) => Schedule

/** Makers of schedules of the caller's own, by name. */
export type ScheduleMakers = Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => Schedule>>

const MAKERS: Readonly<Record<string, Maker>> = {
  constantFactor,
  stepDecay,
  multiStep,
  exponential,
  linearRamp,
  polynomial,
  cosine,
  cosineWarmRestarts,
  oneCycle,
  warmup,
  chainSchedules,
  sequenceSchedules,
  reduceOnPlateau,
}

/**
 * Makes a schedule again from its `name` and `options`, such as from a file of hyperparameters.
 *
 * @param makers for schedules of `customSchedule`, by name
 * @throws LEVIN_BAD_OPTION for a name that nobody makes, or options that its maker refuses
 */
export function scheduleFromJSON(json: ScheduleJSON, makers: ScheduleMakers = {}): Schedule {
  const { name, options = {} } = requireJSON(json)
  const make = (Object.hasOwn(makers, name) ? makers[name] : Object.hasOwn(MAKERS, name) && MAKERS[name]) as
    | ScheduleMakers[string]
    | undefined
    | false
  if (make) return make(withMembers(options, makers))
  const known = [...Object.keys(MAKERS), ...Object.keys(makers)].map((each) => `'${each}'`)
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `No schedule is called '${name}'.`,
    expected: `one of ${known.join(', ')}`,
    remedy: `If it is of your own, pass its maker: scheduleFromJSON(json, { ${JSON.stringify(name)}: (options) => … }).`,
  })
}

/** Options in which the schedules that others are made of are schedules again. */
function withMembers(options: Readonly<Record<string, unknown>>, makers: ScheduleMakers): Record<string, unknown> {
  const revive = (member: unknown) => scheduleFromJSON(member as ScheduleJSON, makers) as PureSchedule
  return {
    ...options,
    ...(Array.isArray(options.schedules) && { schedules: options.schedules.map(revive) }),
    ...(options.after !== undefined && { after: revive(options.after) }),
  }
}

function requireJSON(json: unknown): ScheduleJSON {
  if (typeof json === 'object' && json !== null && 'name' in json && typeof json.name === 'string') {
    return json as ScheduleJSON
  }
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: 'This is no schedule.',
    expected: 'an object { name, options }',
    found: describe(json),
  })
}
