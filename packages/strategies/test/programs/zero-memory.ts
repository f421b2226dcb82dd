import {
  type EvaluationStep,
  type Layer,
  Module,
  type StepContext,
  type Strategy,
  type TrainingStep,
} from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { linear, mse, relu, sequential, transformerBlock } from '@levin/nn'
import { adam } from '@levin/optim'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { ZeroOptions } from '../../src/zero.js'
import { acceleratorOf, ddpAt, type Place } from './place.js'
import { zeroAt } from './zero-at.js'

/** What is measured, trained by Adam. */
export interface MemoryTrial {
  /** Layers of `width` × `width`, or blocks of a transformer. Default `'layers'`. */
  readonly kind?: 'layers' | 'blocks'
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

/** Learns to give back what it gets: `[batch, width]`, or `[batch, 32, width]`. */
class Tower extends Module<{ x: Tensor }> {
  readonly layers: readonly Layer<Tensor, Tensor>[]

  constructor({ kind, layers, width }: MemoryTrial) {
    super()
    const layer = () =>
      kind === 'blocks' ? transformerBlock(width, 4, { causal: true }) : sequential(linear(width, width), relu())
    this.layers = Array.from({ length: layers }, layer as () => Layer<Tensor, Tensor>)
  }

  loss({ x }: { x: Tensor }, step: StepContext): Scalar {
    let y = x
    for (const layer of this.layers) y = layer.forward(y, step)
    return mse(y, x)
  }

  trainingStep(batch: { x: Tensor }, step: TrainingStep): Scalar {
    return this.loss(batch, step)
  }

  validationStep(batch: { x: Tensor }, step: EvaluationStep): void {
    step.log('val/loss', this.loss(batch, step))
  }

  configureOptimizers() {
    return adam(this.parameters(), { learningRate: 1e-4 })
  }
}

/** Trains and validates, and says what it took. */
export async function memoryUsed(trial: MemoryTrial, place: Place): Promise<MemoryUsed> {
  const { kind, width, steps, options } = trial
  const accelerator = acceleratorOf(place.world)
  const strategy: Strategy = options ? zeroAt(place, options) : ddpAt(place)
  const module = new Tower(trial)
  const parameters = module.parameters().reduce((sum, { size }) => sum + size, 0)
  const losses: number[] = []
  const shape = kind === 'blocks' ? [32, width] : [width]
  const samples = steps * place.world.size
  const values = new Float32Array(shape.reduce((product, size) => product * size, samples)).fill(0.5)
  const data = fromArrays({ x: { data: values, shape: [samples, ...shape] } })
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
