import { describe, expect, test } from 'vitest'
import { ALONE, type Layout, layoutName, meshOptions } from '../src/planner/layout.js'
import { planLayouts } from '../src/planner/plan.js'
import { layer, layers, model, sharedLayer } from './support/measured-models.js'

const shared = model(layers(8, sharedLayer))
const everything = (plan: ReturnType<typeof planLayouts>) => [...plan.layouts, ...plan.impossible]

test('every way to divide the workers over the axes is there once, by each schedule', () => {
  const all = everything(planLayouts(shared, { devices: 8, microBatches: 8, sequenceParallel: true })).map(
    ({ layout }) => layout,
  )
  const axes = new Set(all.map(({ data, pipeline, context, tensor }) => [data, pipeline, context, tensor].join()))
  expect(axes.size).toBe(20)
  for (const { data, pipeline, context, tensor } of all) expect(data * pipeline * context * tensor).toBe(8)
  const names = all.map((layout) => layoutName({ ...layout, zero: 0, recompute: false }))
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('data 2 × pipeline 2 (zeroBubble) × tensor 2 (sequences too)')
  // Layers have to be shared so that they allow for it.
  const unasked = everything(planLayouts(shared, { devices: 8, microBatches: 8 }))
  expect(unasked.some(({ layout }) => layout.sequenceParallel)).toBe(false)
})

test('the fastest that fits comes first, and what does not fit last, the smallest of it first', () => {
  const { layouts } = planLayouts(shared, { devices: 4, microBatches: 4, memory: 60e6 })
  const fitting = layouts.filter(({ fits }) => fits)
  expect(fitting.length).toBeGreaterThan(2)
  expect(fitting.length).toBeLessThan(layouts.length)
  expect(layouts.slice(0, fitting.length)).toEqual(fitting)
  for (const { bytes } of fitting) expect(bytes).toBeLessThanOrEqual(60e6)
  const speeds = fitting.map(({ samplesPerSecond }) => samplesPerSecond)
  expect(speeds).toEqual([...speeds].sort((a, b) => b - a))
  const sizes = layouts.slice(fitting.length).map(({ bytes }) => bytes)
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
})

test('data ranks read more samples; speed is by samples', () => {
  const { layouts } = planLayouts(model(layers(8)), { devices: 4, microBatches: 3 })
  const data = layouts.find(({ name }) => name === 'data 4')
  expect(data?.samples).toBe(4 * 3 * 4)
  expect(data?.samplesPerSecond).toBeCloseTo((1e3 * 48) / (data?.time.total ?? 0), 8)
})

test('memory is saved where it has to be, and no more', () => {
  const at = (memory: number) =>
    planLayouts(model(layers(8)), { devices: 4, memory }).layouts.find(({ layout }) => layout.data === 4)
  expect(at(1e9)?.name).toBe('data 4')
  // 32 MB of parameters, as much of gradients, 64 of moments.
  expect(at(100e6)?.name).toBe('data 4, zero 1')
  expect(at(1e6)).toMatchObject({ fits: false, name: 'data 4, zero 1' })
  const active = model(layers(8, (index) => layer(index, { innerBytes: 50e6 })))
  const [first] = planLayouts(active, { devices: 1, memory: 300e6 }).layouts
  expect(first).toMatchObject({ fits: true, name: '1 worker, recompute' })
})

describe('a layout says in a sentence what is good or bad about it:', () => {
  const reasonOf = (name: string, of = model(layers(8)), options = {}) =>
    planLayouts(of, { devices: 4, microBatches: 4, ...options }).layouts.find((each) => each.name.startsWith(name))
      ?.reason

  test('too few micro-batches', () => {
    expect(reasonOf('pipeline 4 (1f1b)')).toBe(
      '4 workers of a pipeline wait 43 % of the time for each other: too few micro-batches (4 for 4 stages; accumulateGradBatches makes more)',
    )
  })

  test('layers that take unequal times are cut by these, which the options of the mesh say', () => {
    const uneven = model(layers(8, (index) => layer(index, index === 0 ? { forward: 30, backward: 60 } : {})))
    const { layouts } = planLayouts(uneven, { devices: 4, microBatches: 64 })
    const pipeline = layouts.find(({ name }) => name === 'pipeline 4 (1f1b)')
    expect(pipeline?.layout.layersPerStage?.[0]).toBe(1)
    expect(pipeline?.layout.layersPerStage?.reduce((sum, count) => sum + count, 0)).toBe(8)
    expect(meshOptions(pipeline?.layout as Layout)).toMatchObject({ layersPerStage: pipeline?.layout.layersPerStage })
  })

  test('equal ones are cut as the strategy does by itself', () => {
    const { layouts } = planLayouts(model(layers(8)), { devices: 4, microBatches: 64 })
    for (const { layout } of layouts) expect(layout.layersPerStage).toBeUndefined()
  })

  test('stages that no cut makes even', () => {
    const one = model(layers(4, (index) => layer(index, index === 0 ? { forward: 300, backward: 600 } : {})))
    expect(reasonOf('pipeline 4 (1f1b)', one, { microBatches: 64 })).toMatch(
      /1 \+ 1 \+ 1 \+ 1 layers are as even as layers allow/,
    )
  })

  test('sums of gradients', () => {
    const slow = { within: { latency: 0, secondsPerByte: 1e-8, secondsPerMovedByte: 1e-8 } }
    expect(reasonOf('data 4', model(layers(8)), { machine: slow })).toMatch(
      /^25 % of the time goes into the sum of gradients$/,
    )
  })

  test('no loss at all', () => {
    expect(reasonOf('data 4')).toMatch(/^workers compute (99|100) % of the time$/)
  })

  test('too large, and by what', () => {
    expect(reasonOf('data 4, zero 1', model(layers(8)), { memory: 50e6 })).toMatch(
      /^a rank needs \d+ MiB of 48 MiB, 34 MiB of it gradients$/,
    )
  })
})

describe('what a model cannot have is left out with the reason:', () => {
  const reasons = (of: Parameters<typeof planLayouts>[0], options = {}) =>
    planLayouts(of, { devices: 4, microBatches: 4, ...options }).impossible.map(
      ({ name, reason }) => `${name}: ${reason}`,
    )

  test('layers that are not shared', () => {
    expect(reasons(model(layers(8)))).toContain('tensor 4: no layer is shared: give a plan of paths and styles')
  })

  test('fewer heads than ranks', () => {
    const wide = reasons(shared, { devices: 8, microBatches: 8 })
    expect(wide).toContain("tensor 8: 'layers.0.weight' has 4 parts to divide, which is fewer than 8 ranks")
    expect(wide.some((text) => text.startsWith('data 2 × tensor 4:'))).toBe(false)
  })

  test('no attention, and sequences that do not divide', () => {
    expect(reasons(model(layers(8)))).toContain(
      'context 4: no layer is attention, and others do not take sequences in stretches',
    )
    const odd = model(layers(8, (index) => ({ ...sharedLayer(index), outputShape: [4, 18, 8] })))
    expect(reasons(odd)).toContain('context 4: sequences of 18 positions cannot be divided evenly by 4')
    expect(reasons(odd).some((text) => text.startsWith('data 2 × context 2:'))).toBe(false)
  })

  test('too few layers, stages that the module fixes, a module that cannot be cut', () => {
    expect(reasons(model(layers(3)))).toContain('pipeline 4 (1f1b): 3 layers make no 4 stages')
    expect(reasons(model(layers(8), { stages: [4, 4] }))).toContain(
      'pipeline 4 (1f1b): stages() of the module gives 2 stages, not 4',
    )
    expect(reasons(model(layers(1), { uncut: 'there is no chain' }))).toContain('pipeline 4 (gpipe): there is no chain')
  })

  test('micro-batches that do not go into groups', () => {
    expect(reasons(model(layers(8)), { microBatches: 6 })).toContain(
      'pipeline 4 (interleaved, 2 chunks): interleaved needs micro-batches (accumulateGradBatches) in groups of 4, and there are 6',
    )
  })
})

test('options of the mesh are what differs from its defaults', () => {
  expect(meshOptions(ALONE)).toEqual({})
  expect(meshOptions({ ...ALONE, data: 2, pipeline: 4, chunks: 2, schedule: 'interleaved', zero: 1 })).toEqual({
    data: 2,
    pipeline: 4,
    schedule: 'interleaved',
    chunks: 2,
    zero: 1,
  })
})

test.each([
  [{ devices: 0 }, /devices: a natural number, found 0/],
  [{ devices: 2, microBatches: 1.5 }, /microBatches: a natural number, found 1.5/],
  [{ devices: 2, memory: -1 }, /memory: bytes of one worker, found -1/],
  [{ devices: 4, machine: { hosts: 3 } }, /as many on each of 3 hosts, found 4/],
  [{ devices: 4, machine: { hosts: 2 } }, /the network between hosts, found none/],
])('%j cannot be planned', (options, message) => {
  expect(() => planLayouts(shared, options)).toThrow(message)
})
