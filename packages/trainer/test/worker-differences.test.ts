import '@tensorflow/tfjs-backend-cpu'
import { Layer, type Replicas, SingleDevice, type StepContext, type Strategy } from '@levin/core'
import { BoringLoader, BoringModule, MemoryCheckpoints, TestPlatform } from '@levin/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { TrainerOptions } from '../src/index.js'
import { quietTrainer } from './support.js'

class Spanning extends Layer {
  constructor(readonly spans: 'none' | 'replicas' | 'part') {
    super()
  }

  override get spansBatch() {
    return this.spans
  }

  override describe(): string {
    return `Spanning(${this.spans})`
  }

  compute(x: Tensor, step: StepContext): Tensor {
    replicasSeen.push(step.replicas?.count)
    return x
  }
}

class Model extends BoringModule {
  readonly norms: readonly Layer[]

  constructor(spans: readonly Spanning['spans'][]) {
    super()
    this.norms = spans.map((each) => new Spanning(each))
  }

  override loss(...[batch, step]: Parameters<BoringModule['loss']>) {
    for (const norm of this.norms) norm.forward(batch.x, step)
    return super.loss(batch, step)
  }
}

let replicasSeen: (number | undefined)[] = []

const TWO = { dataShard: { rank: 0, count: 2 } }
const REPLICAS: Replicas = { count: 2, index: 0, sum: () => {} }

/** What a fit says and does under a strategy of one rank that takes itself for one of several. */
async function train(
  strategy: Partial<Strategy>,
  { spans = ['replicas'], ...options }: TrainerOptions & { spans?: readonly Spanning['spans'][] } = {},
) {
  replicasSeen = []
  const platform = new TestPlatform()
  const module = new Model(spans)
  const loader = () => new BoringLoader({ batches: 2 })
  await quietTrainer({ platform, strategy: Object.assign(new SingleDevice(), strategy), ...options }).fit(module, {
    train: loader(),
    validate: loader(),
  })
  module.dispose()
  return { said: platform.written.trim(), replicas: replicasSeen }
}

describe('layers that depend on the whole batch', () => {
  test('get the replicas of the strategy in training, and nothing is said', async () => {
    expect(await train({ ...TWO, replicas: REPLICAS })).toEqual({ said: '', replicas: [2, 2, undefined, undefined] })
  })

  test('are named where syncBatchNorm is off', async () => {
    const { said, replicas } = await train({ ...TWO, replicas: REPLICAS }, { syncBatchNorm: false })
    expect(said).toBe(
      "warning: 'norms.0' (Spanning(replicas)) takes the statistics of a batch from each worker's part of it, since syncBatchNorm is off: the loss depends on the number of workers.",
    )
    expect(replicas).toEqual([undefined, undefined, undefined, undefined])
  })

  test('are named where the strategy has no replicas', async () => {
    const { said } = await train(TWO, { spans: ['none', 'replicas', 'replicas', 'replicas', 'replicas', 'part'] })
    expect(said).toMatch(
      /'norms.1' .*'norms.2' .*, 'norms.3' \(Spanning\(replicas\)\) and 2 more layers take .* under the strategy 'single' workers cannot exchange them/,
    )
  })

  test('are named where they know of no other workers', async () => {
    const { said } = await train({ ...TWO, replicas: REPLICAS }, { spans: ['part', 'replicas'] })
    expect(said).toMatch(/^warning: 'norms.0' \(Spanning\(part\)\) takes .* since layers of this kind know of no other/)
  })

  test('are no matter of one worker', async () => {
    expect((await train({}, { spans: ['replicas', 'part'], syncBatchNorm: false })).said).toBe('')
  })
})

test('a strategy whose result differs from that of one device says why', async () => {
  expect((await train({ ...TWO, inexact: 'Rounded.' }, { spans: [] })).said).toBe('warning: Rounded.')
})

test('a strategy brings its ranks together before an evaluation, a checkpoint and the end', async () => {
  const order: string[] = []
  const callback = {
    name: 'order',
    onValidationStart: () => void order.push('validation'),
    onTrainEpochEnd: (run: { saveCheckpoint(location: string): Promise<void> }) => run.saveCheckpoint('there'),
    onSaveCheckpoint: () => void order.push('checkpoint'),
    onTrainEnd: () => void order.push('end'),
  }
  const synchronise = () => void order.push('synchronise')
  const checkpoints = { enableCheckpointing: false, checkpointIO: new MemoryCheckpoints() }
  await train({ synchronise }, { spans: [], callbacks: [callback], ...checkpoints })
  expect(order).toEqual(['synchronise', 'validation', 'synchronise', 'checkpoint', 'synchronise', 'end'])
})
