import { type Accelerator, everySteps, hostTensor, Module, type TrainingStep } from '@levin/core'
import { conv2d, crossEntropy, dropout, flatten, layerNorm, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import { Trainer } from '@levin/trainer'
import type { Rank, Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'

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

export interface ShortTraining {
  readonly kind: keyof typeof networks
  readonly steps: number
  /** Steps from one read of the losses to the next. */
  readonly logEvery: number
}

export interface Curve {
  readonly losses: number[]
  /** By what the accelerator's statistics grew from the first step to the last. */
  readonly statistics: Record<string, number>
}

/** The same in Node and on a page. */
export async function train(accelerator: Accelerator, { kind, steps, logEvery }: ShortTraining): Promise<Curve> {
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
