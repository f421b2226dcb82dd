import { readFileSync } from 'node:fs'
import { type FeedbackSchedule, LevinError, type PureSchedule } from '@levin/core'
import { describe, expect, it } from 'vitest'
import {
  chainSchedules,
  constantFactor,
  cosine,
  cosineWarmRestarts,
  customSchedule,
  exponential,
  linearRamp,
  multiStep,
  oneCycle,
  polynomial,
  reduceOnPlateau,
  scheduleFromJSON,
  sequenceSchedules,
  stepDecay,
  warmup,
} from '../src/index.js'

interface Recording {
  readonly pure: readonly { name: string; options: Record<string, unknown>; factors: readonly number[] }[]
  readonly plateau: {
    readonly metrics: readonly number[]
    readonly cases: readonly { options: Record<string, unknown>; factors: readonly number[] }[]
  }
}

const recording = JSON.parse(readFileSync(new URL('./parity/schedules.json', import.meta.url), 'utf8')) as Recording

const factors = (schedule: PureSchedule, count: number): number[] =>
  Array.from({ length: count }, (_, t) => schedule.factor(t))

describe('factors are those of PyTorch', () => {
  it.each(recording.pure.map((each) => [`${each.name} ${JSON.stringify(each.options)}`, each] as const))(
    '%s',
    (_, each) => {
      const schedule = scheduleFromJSON(each) as PureSchedule
      for (const [t, factor] of factors(schedule, each.factors.length).entries()) {
        expect(factor, `t = ${t}`).toBeCloseTo(each.factors[t] as number, 12)
      }
    },
  )

  it.each(recording.plateau.cases.map((each) => [JSON.stringify(each.options), each] as const))(
    'reduceOnPlateau %s',
    (_, { options, factors }) => {
      const schedule = scheduleFromJSON({ name: 'reduceOnPlateau', options }) as FeedbackSchedule
      let state = schedule.initialState()
      const found = recording.plateau.metrics.map((metric) => {
        // Through JSON each time, as if every epoch ended in a checkpoint.
        state = JSON.parse(JSON.stringify(schedule.observe(state, metric)))
        return state.factor
      })
      for (const [t, factor] of found.entries()) expect(factor, `t = ${t}`).toBeCloseTo(factors[t] as number, 12)
      // A recording in which nothing happens would prove nothing.
      if (Object.keys(options).length > 0) expect(new Set(factors).size).toBeGreaterThan(1)
    },
  )
})

describe('beyond what was planned', () => {
  it('cosine, polynomial, ramp and cycle stay where they ended', () => {
    expect(factors(cosine({ steps: 10, minFactor: 0.1 }), 30).slice(10)).toEqual(Array(20).fill(0.1))
    expect(polynomial({ steps: 10, minFactor: 0.2 }).factor(1000)).toBe(0.2)
    expect(linearRamp({ steps: 10, startFactor: 0, endFactor: 0.5 }).factor(11)).toBe(0.5)
    expect(oneCycle({ steps: 10 }).factor(500)).toBeCloseTo(1 / 25 / 1e4, 15)
  })

  it('restarts begin at 1 exactly, however long the periods have grown', () => {
    const schedule = cosineWarmRestarts({ period: 3, periodFactor: 3 })
    const starts = [0, 3, 12, 39, 120, 363, 1092, 3279]
    expect(starts.map((t) => schedule.factor(t))).toEqual(starts.map(() => 1))
  })

  it('a cycle with one phase alone starts or ends at its top', () => {
    expect(oneCycle({ steps: 20, pctStart: 0.05 }).factor(0)).toBe(1)
    expect(oneCycle({ steps: 20, pctStart: 1 }).factor(19)).toBe(1)
  })
})

describe('warmup', () => {
  it('rises in even steps to 1, and never starts with an update that does nothing', () => {
    const found = factors(warmup({ steps: 4 }), 7)
    for (const [t, factor] of found.entries()) expect(factor).toBeCloseTo(Math.min(1, (t + 1) / 5), 15)
  })

  it('hands over to another schedule that counts from its own start', () => {
    const schedule = warmup({ steps: 5, startFactor: 0.5, after: cosine({ steps: 10 }) })
    expect(schedule.factor(0)).toBe(0.5)
    expect(schedule.factor(5)).toBe(1)
    expect(schedule.factor(10)).toBeCloseTo(cosine({ steps: 10 }).factor(5), 15)
    expect(schedule.factor(15)).toBe(0)
  })

  it('counts updates unless told otherwise', () => {
    expect(warmup({ steps: 5 }).interval).toBe('step')
    expect(warmup({ steps: 5, interval: 'epoch' }).interval).toBe('epoch')
    expect(warmup({ steps: 5, after: cosine({ steps: 3, interval: 'epoch' }) }).interval).toBe('epoch')
  })
})

describe('as JSON', () => {
  const all = [
    constantFactor({ factor: 0.3, steps: 4 }),
    stepDecay({ stepSize: 3 }),
    multiStep({ milestones: [2, 5] }),
    exponential({ gamma: 0.9, interval: 'step' }),
    linearRamp({ steps: 5, startFactor: 0.1 }),
    polynomial({ steps: 9, power: 3 }),
    cosine({ steps: 8, minFactor: 0.2 }),
    cosineWarmRestarts({ period: 3 }),
    oneCycle({ steps: 12, threePhase: true }),
    warmup({
      steps: 3,
      after: sequenceSchedules({ schedules: [cosine({ steps: 3 }), cosine({ steps: 2 })], milestones: [3] }),
    }),
    chainSchedules({ schedules: [exponential({ gamma: 0.9 }), stepDecay({ stepSize: 2 })], interval: 'step' }),
  ]

  it.each(all.map((schedule) => [schedule.name, schedule] as const))('%s comes back the same', (_, schedule) => {
    const json = JSON.parse(JSON.stringify(schedule))
    const again = scheduleFromJSON(json) as PureSchedule
    expect(JSON.parse(JSON.stringify(again))).toEqual(json)
    expect(again.interval).toBe(schedule.interval)
    expect(factors(again, 20)).toEqual(factors(schedule, 20))
  })

  it('a schedule of one’s own comes back through its maker, also as part of another', () => {
    const noam = ({ width = 1 }: { width?: number }) =>
      customSchedule('noam', (t) => width * Math.min((t + 1) ** -0.5, t + 1), { options: { width } })
    const schedule = chainSchedules({ schedules: [noam({ width: 3 }), exponential({ gamma: 0.5 })] })
    const json = JSON.parse(JSON.stringify(schedule))
    expect(() => scheduleFromJSON(json)).toThrow(/No schedule is called 'noam'.*pass its maker/)
    expect(factors(scheduleFromJSON(json, { noam }) as PureSchedule, 10)).toEqual(factors(schedule, 10))
  })
})

describe('a plateau', () => {
  it('takes a metric that is not a number for one that does not improve', () => {
    const schedule = reduceOnPlateau({ patience: 1, factor: 0.5 })
    let state = schedule.initialState()
    for (const metric of [1, Number.NaN, Number.NaN]) state = schedule.observe(state, metric)
    expect(state.factor).toBe(0.5)
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })

  it('keeps its best value through JSON even where that is infinite', () => {
    const schedule = reduceOnPlateau({ mode: 'max', patience: 0, thresholdMode: 'abs', factor: 0.5 })
    const state = JSON.parse(JSON.stringify(schedule.observe(schedule.initialState(), Infinity)))
    expect(schedule.observe(state, 5).factor).toBe(0.5)
  })
})

describe('refuses', () => {
  const bad: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['a missing option', () => stepDecay({} as never), /`stepSize` of stepDecay.*at least 1, found undefined/],
    ['no options at all', () => cosine(undefined as never), /options of cosine.*an object, found undefined/],
    ['a number instead of options', () => cosine(10 as never), /an object, found 10/],
    ['a count that is not whole', () => cosine({ steps: 1.5 }), /`steps` of cosine.*found 1.5/],
    ['a negative factor', () => linearRamp({ steps: 3, startFactor: -1 }), /`startFactor`.*at least 0, found -1/],
    ['milestones that fall', () => multiStep({ milestones: [5, 2] }), /`milestones`.*found \[5, 2\]/],
    ['an unknown option', () => cosine({ steps: 3, etaMin: 0 } as never), /no option `etaMin`.*`steps`, `minFactor`/],
    ['a wrong interval', () => cosine({ steps: 3, interval: 'batch' as never }), /'step' or 'epoch', found 'batch'/],
    ['a wrong strategy', () => oneCycle({ steps: 3, annealStrategy: 'cosine' as never }), /'cos' or 'linear'/],
    ['a factor that does not reduce', () => reduceOnPlateau({ factor: 1 }), /`factor` of reduceOnPlateau.*found 1/],
    ['a wrong mode', () => reduceOnPlateau({ mode: 'up' as never }), /'min' or 'max', found 'up'/],
    [
      'feedback within a chain',
      () => chainSchedules({ schedules: [reduceOnPlateau() as never] }),
      /`schedules`.*functions of time alone/,
    ],
    ['an empty chain', () => chainSchedules({ schedules: [] }), /`schedules`.*found \[\]/],
    [
      'too few milestones',
      () => sequenceSchedules({ schedules: [cosine({ steps: 1 }), cosine({ steps: 1 })], milestones: [] }),
      /one for each of the 2 schedules but the first, found 0/,
    ],
    [
      'two intervals in one schedule',
      () => chainSchedules({ schedules: [oneCycle({ steps: 3 }), cosine({ steps: 3, interval: 'epoch' })] }),
      /one interval for all.*'step' and 'epoch'/,
    ],
    ['feedback after a warm-up', () => warmup({ steps: 3, after: reduceOnPlateau() as never }), /`after` of warmup/],
    ['a custom schedule without a function', () => customSchedule('x', 3 as never), /a function of t, found 'x' and 3/],
    ['a factor that is no number', () => customSchedule('x', () => Number.NaN).factor(4), /'x' has no factor at t = 4/],
    ['JSON that is none', () => scheduleFromJSON(null as never), /\{ name, options \}, found null/],
    [
      'an inherited name',
      () => scheduleFromJSON({ name: 'toString', options: {} }),
      /No schedule is called 'toString'/,
    ],
  ]

  it.each(bad)('%s', (_, make, message) => {
    expect(make).toThrow(message)
    try {
      make()
    } catch (error) {
      expect(LevinError.isInstance(error, 'LEVIN_BAD_OPTION')).toBe(true)
    }
  })
})
