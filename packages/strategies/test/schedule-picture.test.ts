import { describe, expect, test } from 'vitest'
import { chromeTrace } from '../src/pipeline/schedules/chrome-trace.js'
import { SCHEDULES } from '../src/pipeline/schedules/index.js'
import { scheduleSvg } from '../src/pipeline/schedules/picture.js'
import { idlePart, timelineOf } from '../src/pipeline/schedules/timeline.js'
import { type TracedAction, timelineOfTrace, traceOfTimeline } from '../src/pipeline/schedules/trace.js'

const forward = (microBatch: number) => ({ kind: 'forward', microBatch, chunk: 0 }) as const
const backward = (microBatch: number) => ({ kind: 'backward', microBatch, chunk: 0 }) as const

/** As it comes from ranks: in no order. */
const measured: readonly TracedAction[] = [
  { rank: 1, action: forward(0), start: 120, end: 130 },
  { rank: 0, action: backward(0), start: 150, end: 170 },
  { rank: 0, action: forward(0), start: 110, end: 120 },
  { rank: 1, action: backward(0), start: 130, end: 150 },
]

const boxes = (svg: string) =>
  [
    ...svg.matchAll(
      /<rect class="(forward|backward|backwardInput|backwardWeight)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24"/g,
    ),
  ].map(([, kind, x, y, width]) => ({ kind, x: Number(x), y: Number(y), width: Number(width) }))

describe('a picture', () => {
  test.each(['gpipe', '1f1b', 'interleaved', 'zeroBubble'] as const)(
    'of %s has a box per action, and none overlap',
    (name) => {
      const shape = { ranks: 3, microBatches: 6, chunks: name === 'interleaved' ? 2 : 1 }
      const timeline = timelineOf(SCHEDULES[name].make(shape))
      const svg = scheduleSvg(timeline, { title: name, theory: SCHEDULES[name].bubble(shape) })
      const all = boxes(svg)
      expect(all).toHaveLength(timeline.flat().length)
      for (const y of new Set(all.map((box) => box.y))) {
        const row = all.filter((box) => box.y === y).sort((a, b) => a.x - b.x)
        for (const [index, box] of row.entries()) {
          const before = row[index - 1]
          if (before) expect(box.x).toBeGreaterThanOrEqual(before.x + before.width - 0.2)
        }
        // Idle time is what boxes leave empty.
        expect(row.reduce((sum, { width }) => sum + width, 0) / 870).toBeCloseTo(1 - idlePart(timeline), 1)
      }
    },
  )

  test('of a measured trace begins with its first action, and says how long it took', () => {
    const svg = scheduleSvg(timelineOfTrace(measured), { title: 'measured', theory: 0.25, unit: 'ms' })
    expect(boxes(svg).map(({ kind, x }) => [kind, x])).toEqual([
      ['forward', 70],
      ['backward', 650],
      ['forward', 215],
      ['backward', 360],
    ])
    expect(svg).toContain('idle 50.0 % of the time; by the theory of equal stages 25.0 %. In all 60 ms.')
  })

  test('says in words what it shows, whatever the title', () => {
    const svg = scheduleSvg(timelineOfTrace(measured), { title: 'a < b & c' })
    expect(svg).toContain('role="img" aria-labelledby="title description"')
    expect(svg).toContain('<title id="title">a &lt; b &amp; c</title>')
    expect(svg).toMatch(/<desc id="description">2 ranks, one row each.*idle 50\.0 %/)
    expect(svg).toContain('<title>backward, micro-batch 0</title>')
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  test('leaves numbers out where they do not fit', () => {
    const long = { rank: 0, action: forward(10), start: 0, end: 999 }
    const svg = scheduleSvg(timelineOfTrace([long, { ...long, action: backward(11), start: 999, end: 1000 }]), {
      title: '',
    })
    expect(svg).toContain('>10</text>')
    expect(svg).not.toContain('>11</text>')
  })

  test('has nothing but finite numbers', () => {
    for (const name of ['gpipe', 'interleaved'] as const)
      expect(scheduleSvg(timelineOf(SCHEDULES[name].make({ ranks: 1, microBatches: 1 })), { title: '' })).not.toMatch(
        /NaN|Infinity/,
      )
  })
})

test('a trace and a timeline are two forms of one thing', () => {
  const timeline = timelineOf(SCHEDULES.zeroBubble.make({ ranks: 4, microBatches: 5 }))
  expect(timelineOfTrace(traceOfTimeline(timeline))).toEqual(timeline)
  expect(timelineOfTrace([{ ...measured[0], rank: 2 } as TracedAction]).map((row) => row.length)).toEqual([0, 0, 1])
})

test('times of stages may differ: ranks wait for the slowest', () => {
  const times = [1, 1, 3, 1].map((each) => ({ forward: each, backwardInput: each, backwardWeight: each }))
  const schedule = SCHEDULES['1f1b'].make({ ranks: 4, microBatches: 64 })
  const timeline = timelineOf(schedule, { times })
  const span = Math.max(...timeline.flat().map(({ end }) => end))
  // In the steady part a micro-batch comes by as often as the slowest rank is done with one.
  expect(span / (64 * 9)).toBeCloseTo(1, 1)
  expect(timeline[2]?.every(({ start, end, action }) => end - start === (action.kind === 'forward' ? 3 : 6))).toBe(true)
  expect(() => timelineOf(schedule, { times: times.slice(1) })).toThrow(/4 stages, and there are times of 3/)
})

describe('a trace for Chrome', () => {
  const { traceEvents } = chromeTrace(measured)

  test('has a named row per rank', () => {
    expect(
      traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args['name']]),
    ).toEqual([
      [0, 'rank 0'],
      [1, 'rank 1'],
    ])
  })

  test('has a complete event per action, in microseconds from the first', () => {
    const events = traceEvents.filter(({ ph }) => ph === 'X')
    expect(events).toHaveLength(measured.length)
    expect(events[0]).toEqual({
      name: 'forward 0',
      cat: 'forward',
      ph: 'X',
      pid: 0,
      tid: 1,
      ts: 10_000,
      dur: 10_000,
      args: { microBatch: 0, chunk: 0 },
    })
    expect(Math.min(...events.map(({ ts = -1 }) => ts))).toBe(0)
  })

  test('of other units says how long one is', () => {
    const [event] = chromeTrace(measured, { milliseconds: 1000 }).traceEvents.filter(({ ph }) => ph === 'X')
    expect(event?.dur).toBe(1e7)
  })
})
