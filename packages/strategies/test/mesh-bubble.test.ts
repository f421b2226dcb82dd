import { afterAll, describe, expect, test } from 'vitest'
import type { MeshOptions } from '../src/mesh.js'
import type { ChromeTrace } from '../src/pipeline/schedules/chrome-trace.js'
import { SCHEDULES } from '../src/pipeline/schedules/index.js'
import type { MeshTrained, MeshTraining } from './programs/mesh-training.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(4)
afterAll(() => ranks.end())

const MICRO_BATCHES = 8
const EQUAL: MeshTraining = {
  model: 'equal',
  steps: 9,
  batchSize: 256,
  samples: 256 * MICRO_BATCHES,
  accumulate: MICRO_BATCHES,
}

const PIPELINES: readonly MeshOptions[] = [
  { pipeline: 2, schedule: 'gpipe', layersPerStage: [9, 8] },
  { pipeline: 2, schedule: '1f1b', layersPerStage: [9, 8] },
  { pipeline: 2, schedule: 'zeroBubble', layersPerStage: [9, 8] },
  { pipeline: 2, schedule: 'interleaved', layersPerStage: [5, 4, 4, 4] },
  { pipeline: 4, schedule: '1f1b', layersPerStage: [5, 4, 4, 4] },
  { pipeline: 4, schedule: 'zeroBubble', layersPerStage: [5, 4, 4, 4] },
]

describe.each(PIPELINES)('%o', (options) => {
  const { schedule = '1f1b', pipeline: size = 1 } = options
  const chunks = schedule === 'interleaved' ? 2 : 1

  test('equal stages wait for each other as long as theory says, and a picture and a trace show it', async () => {
    const [trained] = await ranks.run<MeshTrained>(
      'meshTrain',
      { ...EQUAL, options: { ...options, trace: 'trace' } },
      { size },
    )
    const { said, written } = trained as MeshTrained
    const [, measured, theory] =
      /wait ([\d.]+) % of the time; with equal stages it would be ([\d.]+) %/.exec(said) ?? []
    const expected = 100 * SCHEDULES[schedule].bubble({ ranks: size, microBatches: MICRO_BATCHES, chunks })
    expect(Number(theory)).toBeCloseTo(expected, 1)
    // On a quiet machine within a tenth; five of a hundred for what else it does. Another schedule's bubble is further away.
    expect(Math.abs(Number(measured) - expected)).toBeLessThan(0.1 * expected + 5)
    const { traceEvents } = JSON.parse(written['pipeline.trace.json'] ?? '') as ChromeTrace
    const actions = traceEvents.filter(({ ph }) => ph === 'X')
    expect(actions).toHaveLength(size * MICRO_BATCHES * chunks * (schedule === 'zeroBubble' ? 3 : 2))
    expect(written['pipeline.svg']).toContain('<svg')
  })
})
