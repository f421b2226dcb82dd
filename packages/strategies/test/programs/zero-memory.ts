import { type EvaluationStep, Module, type Strategy, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { linear, mse, relu, sequential } from '@levin/nn'
import { adam } from '@levin/optim'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import type { ZeroOptions } from '../../src/zero.js'
import { acceleratorOf, ddpAt, type Place } from './place.js'
import { zeroAt } from './zero-at.js'

/** What is measured: layers of `width` × `width`, trained by Adam. */
export interface MemoryTrial {
  readonly layers: number
  readonly width: number
  readonly steps: number
  /** `undefined`: ddp. */
  readonly options: ZeroOptions | undefined
}

export interface MemoryUsed {
  /** Parameters of the model. */
  readonly parameters: number
  /** Most bytes in use at one time on this rank's heap. */
  readonly peak: number
  /** Of each step. */
  readonly losses: readonly number[]
}

class Tower extends Module<{ x: Tensor2D }> {
  readonly net

  constructor(layers: number, width: number) {
    super()
    this.net = sequential(...Array.from({ length: layers }, () => [linear(width, width), relu()]).flat())
  }

  trainingStep({ x }: { x: Tensor2D }, step: TrainingStep): Scalar {
    return mse(this.net.forward(x, step) as Tensor2D, x)
  }

  validationStep({ x }: { x: Tensor2D }, step: EvaluationStep): void {
    step.log('val/loss', mse(this.net.forward(x, step) as Tensor2D, x))
  }

  configureOptimizers() {
    return adam(this.parameters(), { learningRate: 1e-4 })
  }
}

/** Trains and validates, and says what it took. */
export async function memoryUsed({ layers, width, steps, options }: MemoryTrial, place: Place): Promise<MemoryUsed> {
  const accelerator = acceleratorOf(place.world)
  const strategy: Strategy = options ? zeroAt(place, options) : ddpAt(place)
  const module = new Tower(layers, width)
  const parameters = module.parameters().reduce((sum, { size }) => sum + size, 0)
  const losses: number[] = []
  const samples = steps * place.world.size
  const data = fromArrays({ x: { data: new Float32Array(samples * width).fill(0.5), shape: [samples, width] } })
  try {
    await new Trainer({
      strategy,
      accelerator,
      platform: new TestPlatform({ tick: 1 }),
      maxSteps: steps,
      maxEpochs: -1,
      callbacks: [
        { name: 'losses', onTrainBatchEnd: async ({ loss }) => void losses.push(...((await loss?.data()) ?? [])) },
      ],
      loggers: false,
      enableCheckpointing: false,
      enableProgressBar: false,
      enableModelSummary: false,
      seed: 1,
    }).fit(module, { train: new DataLoader(data, { batchSize: 1 }), validate: new DataLoader(data, { batchSize: 1 }) })
    return { parameters, peak: accelerator.memory().peak ?? Number.NaN, losses }
  } catch (error) {
    strategy.fail?.(error)
    throw error
  } finally {
    module.dispose()
  }
}
