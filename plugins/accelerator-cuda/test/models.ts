// Small trainings of three kinds, whose losses are compared between accelerators.
import { type Accelerator, type HostTensor, hostTensor, Module, type Parameter, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import {
  batchNorm,
  conv2d,
  crossEntropy,
  dropout,
  embedding,
  flatten,
  gelu,
  layerNorm,
  linear,
  lstm,
  maxPool2d,
  mse,
  relu,
  sequential,
} from '@levin/nn'
import { adamW, sgd } from '@levin/optim'
import { Trainer } from '@levin/trainer'
import type { Scalar, Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'

const SAMPLES = 64
const BATCH = 16
export const STEPS = 50

/** Numbers that look random and are the same everywhere. */
const wave = (count: number, speed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * speed + i))

const classes = (count: number, of: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * 7 + (i >> 2)) % of)

interface Batch extends Record<string, unknown> {
  readonly x: Tensor
  readonly y: Tensor
}

abstract class Traced extends Module<Batch> {
  readonly losses: number[] = []

  abstract loss(batch: Batch, step: TrainingStep): Scalar

  trainingStep(batch: Batch, step: TrainingStep): Scalar {
    const loss = this.loss(batch, step)
    this.losses.push(loss.dataSync()[0] as number)
    return loss
  }
}

class Mlp extends Traced {
  readonly net = sequential(linear(8, 32), gelu(), layerNorm(32), dropout(0.2), linear(32, 4))

  loss({ x, y }: Batch, step: TrainingStep): Scalar {
    return mse(this.net.forward(x as Tensor2D, step), y as Tensor2D)
  }

  configureOptimizers() {
    return sgd(this.parameters() as Parameter[], { learningRate: 0.05, momentum: 0.9 })
  }
}

class Cnn extends Traced {
  readonly net = sequential(
    conv2d(1, 8, 3, { padding: 1 }),
    batchNorm(8),
    relu(),
    maxPool2d(3, { stride: 2, padding: 1 }),
    conv2d(8, 8, 3),
    relu(),
    flatten(),
    linear(8 * 2 * 2, 5),
  )

  loss({ x, y }: Batch, step: TrainingStep): Scalar {
    return crossEntropy(this.net.forward(x as Tensor4D, step), y)
  }

  configureOptimizers() {
    return adamW(this.parameters() as Parameter[], { learningRate: 3e-3 })
  }
}

class Sequences extends Traced {
  readonly table = embedding(11, 8)
  readonly cells = lstm(8, 12)
  readonly head = linear(12, 11)

  loss({ x, y }: Batch, step: TrainingStep): Scalar {
    const vectors = this.table.forward(x as Tensor2D, step) as Tensor3D
    return crossEntropy(this.head.forward(this.cells.forward(vectors, step), step), y)
  }

  configureOptimizers() {
    return adamW(this.parameters() as Parameter[], { learningRate: 1e-2 })
  }
}

interface Training {
  readonly module: () => Traced
  readonly x: HostTensor
  readonly y: HostTensor
}

export const TRAININGS = {
  mlp: {
    module: () => new Mlp(),
    x: hostTensor(wave(SAMPLES * 8, 0.37), [SAMPLES, 8]),
    y: hostTensor(wave(SAMPLES * 4, 0.11), [SAMPLES, 4]),
  },
  cnn: {
    module: () => new Cnn(),
    x: hostTensor(wave(SAMPLES * 64, 0.37), [SAMPLES, 8, 8, 1]),
    y: hostTensor(classes(SAMPLES, 5), [SAMPLES]),
  },
  sequences: {
    module: () => new Sequences(),
    x: hostTensor(classes(SAMPLES * 6, 11), [SAMPLES, 6]),
    y: hostTensor(classes(SAMPLES * 6 + 1, 11).slice(1), [SAMPLES, 6]),
  },
} satisfies Record<string, Training>

/** The losses of {@link STEPS} steps. */
export async function losses(name: keyof typeof TRAININGS, accelerator: Accelerator): Promise<readonly number[]> {
  const { module, x, y }: Training = TRAININGS[name]
  const model = module()
  const trainer = new Trainer({
    accelerator,
    maxSteps: STEPS,
    seed: 7,
    loggers: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
  })
  await trainer.fit(model, { train: new DataLoader(fromArrays({ x, y }), { batchSize: BATCH, shuffle: true }) })
  model.dispose()
  return model.losses
}
