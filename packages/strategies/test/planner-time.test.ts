import { describe, expect, test } from 'vitest'
import { clusterCosts } from '../src/planner/costs/cluster.js'
import { ethernet } from '../src/planner/costs/link.js'
import { ALONE, type Layout } from '../src/planner/layout.js'
import { axisCosts } from '../src/planner/machine.js'
import { planTime } from '../src/planner/time.js'
import { layer, layers, model, sharedLayer } from './support/measured-models.js'

const free = { latency: 0, secondsPerByte: 0, secondsPerMovedByte: 0 }
const layout = (changes: Partial<Layout>): Layout => ({ ...ALONE, ...changes })
const eight = model(layers(8))

test('one worker takes as long as its layers, micro-batch by micro-batch, and its update', () => {
  expect(planTime(layout({ microBatches: 3 }), eight)).toMatchObject({
    total: 3 * 8 * 30,
    idle: 0,
    gradients: 0,
    update: 0,
  })
  const slow = model(layers(8), { optimizer: { ...eight.optimizer, millisecondsPerElement: 1e-6 } })
  expect(planTime(ALONE, slow).update).toBeCloseTo(8, 10)
})

test('equal stages wait for each other as long as the schedule says', () => {
  for (const schedule of ['gpipe', '1f1b', 'zeroBubble'] as const) {
    const time = planTime(layout({ pipeline: 4, microBatches: 8, schedule }), eight, { within: free })
    expect(time.idle).toBeCloseTo(time.idleByTheory, 10)
    expect(time.walk).toBeCloseTo((8 * 8 * 30) / 4 / (1 - time.idleByTheory), 8)
  }
})

test('uneven stages wait longer: for the slowest', () => {
  const uneven = model(layers(4, (index) => layer(index, index === 2 ? { forward: 40, backward: 80 } : {})))
  const { idle, idleByTheory, walk } = planTime(layout({ pipeline: 4, microBatches: 64 }), uneven, { within: free })
  expect(walk / (64 * 120)).toBeCloseTo(1, 1)
  expect(idle).toBeGreaterThan(0.5)
  expect(idleByTheory).toBeLessThan(0.1)
})

test('what comes before the layers runs in every stage, forward', () => {
  const before = layer(100, { parameters: [], forward: 7, backward: 0 })
  const [without, withIt] = [{}, { before }].map((changes) =>
    planTime(layout({ pipeline: 2, microBatches: 4 }), model(layers(8), changes), { within: free }),
  )
  // Both ranks take 7 ms more for each micro-batch; the last one waits for the first one's first.
  expect((withIt?.walk ?? 0) - (without?.walk ?? 0)).toBeCloseTo(4 * 7 + 7, 8)
})

test('gradients are summed over data and context, as the formulas of collectives have it', () => {
  const machine = { hosts: 4, network: ethernet(10, 50e-6, 2e-11) }
  const bytes = 8 * 4e6
  expect(planTime(layout({ data: 4 }), eight, machine).gradients / 1e3).toBeCloseTo(
    clusterCosts({ hosts: 4, ranksPerHost: 1, network: machine.network, within: free }).allReduce(bytes),
    10,
  )
  // A pipeline's ranks have a fourth each.
  const mesh = planTime(layout({ data: 2, pipeline: 4, microBatches: 4 }), eight, { hosts: 1 })
  expect(mesh.gradients / 1e3).toBeCloseTo(
    axisCosts(layout({ data: 2, pipeline: 4 }), ['data'], {}).allReduce(bytes / 4),
    10,
  )
})

test('tensor ranks divide the work of shared layers, and pay for two sums per layer each way', () => {
  const shared = model(layers(2, sharedLayer))
  const machine = { within: { latency: 1e-3, secondsPerByte: 1e-6, secondsPerMovedByte: 1e-6 } }
  const time = planTime(layout({ tensor: 2 }), shared, machine)
  const sum = 1 + 1e4 * 1e-3
  expect(time.layers).toBeCloseTo(2 * 2 * 2 * sum, 8)
  expect(time.walk).toBeCloseTo(60 / 2 + 2 * 2 * 2 * sum, 8)
})

test('context ranks hand keys and values around, and their gradients back', () => {
  const shared = model(layers(1, sharedLayer))
  const machine = { within: { latency: 0, secondsPerByte: 0, secondsPerMovedByte: 1e-6 } }
  const time = planTime(layout({ context: 4 }), shared, machine)
  // Three turns of a fourth of 20 kB, and as many twice.
  expect(time.layers).toBeCloseTo(3 * 3 * 5e3 * 1e-3, 8)
  expect(time.walk - time.layers).toBeCloseTo(30 / 4, 8)
})

test('recompute runs every layer a second time', () => {
  expect(planTime(layout({ recompute: true }), eight).walk).toBe(8 * 40)
})

describe('ranks along an axis', () => {
  const network = ethernet(10, 50e-6, 0)
  const mesh = layout({ data: 2, pipeline: 2, tensor: 4 })

  test('are next to each other for tensors, and on different hosts for a pipeline', () => {
    const machine = { hosts: 2, network }
    expect(axisCosts(mesh, ['tensor'], machine).allReduce(1e6)).toBe(axisCosts(mesh, ['tensor'], {}).allReduce(1e6))
    expect(axisCosts(mesh, ['pipeline'], machine).message(1e6)).toBeGreaterThan(
      10 * axisCosts(mesh, ['pipeline'], {}).message(1e6),
    )
  })

  test('share the network of a host with the other groups that are on it', () => {
    // Eight ranks of a host each send to one of the other.
    const { message } = axisCosts(mesh, ['pipeline'], { hosts: 2, network })
    expect(message(1e6) - message(0)).toBeCloseTo(8 * 1e6 * network.secondsPerByte, 10)
  })
})
