import { cpu } from '@levin/accelerators'
import { type Accelerator, everySteps, hostTensor, Module, type TrainingStep } from '@levin/core'
import { conv2d, crossEntropy, dropout, flatten, layerNorm, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import { Trainer } from '@levin/trainer'
import type { Rank, Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

const STEPS = 50
const BATCH = 8

interface Batch extends Record<string, unknown> {
  readonly images: Tensor4D
  readonly labels: Tensor1D
}

/** Images of ten kinds of stripes, the same on every run. */
function* batches(steps: number) {
  for (let step = 0; step < steps; step++) {
    const labels = Int32Array.from({ length: BATCH }, (_, row) => (row * 7 + step * 3) % 10)
    const images = Float32Array.from({ length: BATCH * 64 }, (_, at) => {
      const label = labels[Math.floor(at / 64)] as number
      return Math.sin((at % 64) * (0.2 + label * 0.13)) + 0.3 * Math.sin(at * 12.9898 + step * 78.233)
    })
    yield { images: hostTensor<Rank.R4>(images, [BATCH, 8, 8, 1]), labels: hostTensor<Rank.R1>(labels, [BATCH]) }
  }
}

const networks = {
  mlp: () => sequential(flatten(), linear(64, 16), layerNorm(16), relu(), dropout(0.2), linear(16, 10)),
  cnn: () => sequential(conv2d(1, 4, 3), relu(), maxPool2d(2), flatten(), linear(36, 10)),
} as const

class Classifier extends Module<Batch> {
  readonly losses: number[] = []
  readonly net

  constructor(kind: keyof typeof networks) {
    super()
    this.net = networks[kind]()
  }

  trainingStep({ images, labels }: Batch, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.net.forward(images, step), labels)
    step.log('loss', loss)
    return loss
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 5e-3 })
  }
}

interface Curve {
  readonly losses: number[]
  readonly statistics: Record<string, number>
}

async function train(
  accelerator: Accelerator,
  kind: keyof typeof networks,
  logEvery: number,
  steps = STEPS,
): Promise<Curve> {
  const losses: number[] = []
  const module = new Classifier(kind)
  let before: Record<string, number> = {}
  let statistics: Record<string, number> = {}
  const trainer = new Trainer({
    accelerator,
    seed: 3,
    maxSteps: steps,
    logEvery: everySteps(logEvery),
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    gradientClipVal: 1,
    loggers: false,
    callbacks: [
      {
        name: 'counts',
        onTrainStart: async () => {
          before = { ...(await accelerator.statistics()) }
        },
        onTrainEnd: async () => {
          statistics = { ...(await accelerator.statistics()) }
        },
      },
    ],
  })
  await trainer.fit(
    module,
    { train: { [Symbol.iterator]: () => batches(steps) } },
    {
      onEvent: (event) => {
        if (event.type === 'log' && event.metrics['loss'] !== undefined) losses.push(event.metrics['loss'])
      },
    },
  )
  module.dispose()
  for (const name of Object.keys(statistics)) statistics[name] = (statistics[name] ?? 0) - (before[name] ?? 0)
  return { losses, statistics }
}

describe.runIf(hasAdapter())('training on webgpu', () => {
  it.each(['mlp', 'cnn'] as const)('gives the loss curve of the CPU: %s', async (kind) => {
    const { losses: expected } = await train(cpu({ blas: false }), kind, 1)
    const { losses: found } = await train(webgpu(), kind, 1)
    expect(found).toHaveLength(STEPS)
    for (const [step, loss] of found.entries()) {
      expect(Math.abs(loss - (expected[step] as number)), `step ${step}: ${loss}, ${expected[step]}`).toBeLessThan(1e-4)
    }
    expect(found.at(-1)).toBeLessThan((found[0] as number) * 0.7)
  })

  it('reads at triggers only, and hands commands over in batches', async () => {
    const { statistics } = await train(webgpu(), 'mlp', 10, 30)
    const count = (name: string): number => statistics[`webgpu/${name}`] as number
    // The logs of three triggers, each in one transfer, and a look at the losses.
    expect(count('reads')).toBeLessThanOrEqual(6)
    expect(count('reads')).toBeGreaterThanOrEqual(3)
    expect(count('uploads')).toBeGreaterThanOrEqual(60)
    expect(count('dispatches')).toBeGreaterThan(30 * 20)
    expect(count('submissions')).toBeLessThanOrEqual(count('dispatches') / 15 + count('reads') + count('uploads'))
    // Uploads here need no submission of their own, so that the bound holds without them too.
    expect(count('submissions')).toBeLessThanOrEqual(count('dispatches') / 15 + count('reads'))
  })
})
