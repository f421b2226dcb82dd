import { describe, expect, test } from 'vitest'
import { SCHEDULES, type ScheduleName } from '../src/pipeline/schedules/index.js'
import type { PipelineAction, ScheduleShape } from '../src/pipeline/schedules/schedule.js'
import { idlePart, timelineOf } from '../src/pipeline/schedules/timeline.js'

const names = Object.keys(SCHEDULES) as ScheduleName[]

/** Every schedule with every shape that it can do. */
const cases = names.flatMap((name) =>
  [1, 2, 3, 4, 8].flatMap((ranks) =>
    [1, 2, 3, 4, 7, 8, 16].flatMap((microBatches) =>
      (SCHEDULES[name].interleaves && microBatches % ranks === 0 ? [1, 2, 3] : [1]).map(
        (chunks): [ScheduleName, ScheduleShape] => [name, { ranks, microBatches, chunks }],
      ),
    ),
  ),
)

const keyOf = ({ kind, microBatch, chunk }: PipelineAction): string => `${kind} ${microBatch} ${chunk}`

describe('a schedule', () => {
  test.each(cases)('%s does everything once, for %o', (name, shape) => {
    const { microBatches, chunks = 1 } = shape
    const kinds = name === 'zeroBubble' ? ['forward', 'backwardInput', 'backwardWeight'] : ['forward', 'backward']
    const wanted = kinds.flatMap((kind) =>
      Array.from(
        { length: microBatches * chunks },
        (_, at) => `${kind} ${at % microBatches} ${Math.floor(at / microBatches)}`,
      ),
    )
    for (const actions of SCHEDULES[name].make(shape)) expect(actions.map(keyOf).sort()).toEqual(wanted.sort())
  })

  test.each(cases)('%s comes to an end, for %o', (name, shape) => {
    const schedule = SCHEDULES[name].make(shape)
    for (const sending of [0, 0.3, 5]) expect(timelineOf(schedule, { sending })).toHaveLength(shape.ranks)
  })

  test.each(cases)('%s is as idle as its theory says, for %o', (name, shape) => {
    const { make, bubble } = SCHEDULES[name]
    expect(idlePart(timelineOf(make(shape)))).toBeCloseTo(bubble(shape), 10)
  })

  test.each([
    { forward: 1, backwardInput: 2, backwardWeight: 1 },
    { forward: 3, backwardInput: 4, backwardWeight: 2 },
  ])('keeps to its theory with other times: %o', (times) => {
    for (const name of ['gpipe', '1f1b', 'interleaved'] as const) {
      const shape = { ranks: 4, microBatches: 8 }
      expect(idlePart(timelineOf(SCHEDULES[name].make(shape), { times })), name).toBeCloseTo(
        SCHEDULES[name].bubble(shape, times),
        10,
      )
    }
  })

  test.each(cases)('%s holds as many micro-batches as it says, for %o', (name, shape) => {
    const { make, held } = SCHEDULES[name]
    const last = name === 'zeroBubble' ? 'backwardWeight' : 'backward'
    for (const [rank, actions] of make(shape).entries()) {
      let [now, most] = [0, 0]
      for (const { kind } of actions) {
        if (kind === 'forward') most = Math.max(most, ++now)
        if (kind === last) now--
      }
      expect(most, `rank ${rank}`).toBe(held(shape, rank))
    }
  })
})

describe('a schedule that cannot be made is refused', () => {
  test('with parts that it does not interleave', () => {
    expect(() => SCHEDULES['1f1b'].make({ ranks: 2, microBatches: 4, chunks: 2 })).toThrow(/'interleaved'/)
  })

  test('with micro-batches that do not go into groups', () => {
    expect(() => SCHEDULES.interleaved.make({ ranks: 4, microBatches: 6, chunks: 2 })).toThrow(/multiple of 4/)
  })

  test('with no micro-batches', () => {
    for (const name of names) expect(() => SCHEDULES[name].make({ ranks: 2, microBatches: 0 }), name).toThrow(/natural/)
  })

  test('in which ranks wait for each other', () => {
    const forward = (microBatch: number): PipelineAction => ({ kind: 'forward', microBatch, chunk: 0 })
    const backward: PipelineAction = { kind: 'backward', microBatch: 0, chunk: 0 }
    expect(() =>
      timelineOf([
        [backward, forward(0)],
        [forward(0), backward],
      ]),
    ).toThrow(/rank 0 waits for backward/)
  })
})
