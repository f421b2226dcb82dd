// A small training for launched ranks, and ways to go wrong on one of them.
import { threadId } from 'node:worker_threads'
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { DataLoader, fromArrays } from '../../src/data.js'
import {
  DataModule,
  defineRun,
  type EvaluationStep,
  everySteps,
  Module,
  modelCheckpoint,
  type RunContext,
  type StepContext,
  type TrainingStep,
} from '../../src/index.js'
import { dropout, linear, mse, relu, sequential } from '../../src/nn.js'
import { adamW } from '../../src/optim.js'
import { NO_DISASTER, strike } from './disasters.js'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly y: Tensor2D
}

const DEFAULTS = {
  learningRate: 0.01,
  ...NO_DISASTER,
  print: false,
  sayPid: false,
  trace: false,
  pace: 0,
}
type Hparams = typeof DEFAULTS

export class Regression extends Module<Points> {
  readonly net = sequential(linear(4, 16), relu(), dropout(0.1), linear(16, 2))

  constructor(readonly hparams: Hparams = DEFAULTS) {
    super()
  }

  trainingStep({ x, y }: Points, step: TrainingStep): Scalar {
    const loss = mse(this.net.forward(x, step), y)
    step.log('train/loss', loss)
    return loss
  }

  validationStep({ x, y }: Points, step: EvaluationStep): void {
    step.log('val/loss', mse(this.net.forward(x, step), y))
  }

  override forward(x: Tensor2D, step: StepContext) {
    return this.net.forward(x, step)
  }

  predictStep({ x }: Points, step: StepContext) {
    return this.net.forward(x, step)
  }

  onTrainStart(run: RunContext): void {
    if (this.hparams.sayPid) console.log(`pid ${process.pid}`)
    if (this.hparams.print) console.log(`thread ${threadId > 0} rank ${run.rank.globalRank}`)
  }

  async onTrainBatchStart(_batch: unknown, _index: number, run: RunContext): Promise<void> {
    const { pace, trace } = this.hparams
    if (trace) console.log(`step ${run.clock.globalStep}`)
    // Rank zero hears what it is told meanwhile, the others do not.
    if (pace && run.isGlobalZero) await new Promise((resolve) => setTimeout(resolve, pace))
    else if (pace) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * pace)
    await strike(this.hparams, run)
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: this.hparams.learningRate })
  }
}

const SAMPLES = 100

class PointsData extends DataModule<Points> {
  constructor(readonly batchSize: number) {
    super()
  }

  get #table() {
    const x = Float32Array.from({ length: 4 * SAMPLES }, (_, i) => Math.sin(i * 1.7))
    const y = Float32Array.from({ length: 2 * SAMPLES }, (_, i) => Math.cos(i * 0.3))
    return fromArrays({ x: { data: x, shape: [SAMPLES, 4] }, y: { data: y, shape: [SAMPLES, 2] } })
  }

  trainDataLoader() {
    return new DataLoader(this.#table, { batchSize: this.batchSize, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(this.#table, { batchSize: this.batchSize })
  }

  predictDataLoader() {
    return new DataLoader(this.#table, { batchSize: this.batchSize })
  }
}

export default defineRun({
  hparams: { ...DEFAULTS, batchSize: 8, saveEvery: 3, maxEpochs: 2 },
  module: (hparams) => new Regression(hparams),
  data: ({ batchSize }) => new PointsData(batchSize),
  trainer: ({ saveEvery, maxEpochs }) => ({
    maxEpochs,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [modelCheckpoint({ every: everySteps(saveEvery), saveTopK: -1 })],
  }),
})
