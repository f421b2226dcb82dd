// A small GPT, for ranks that share a model, and ways to go wrong on one of them.
import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
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
import { crossEntropy, embedding, layerNorm, linear, positionalEmbedding, transformerBlock } from '../../src/nn.js'
import { adamW } from '../../src/optim.js'
import { NO_DISASTER, strike } from './disasters.js'

interface Text extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly y: Tensor2D
}

const [VOCABULARY, FEATURES, TIME, SAMPLES] = [11, 16, 8, 64]

const DEFAULTS = { ...NO_DISASTER, learningRate: 3e-3 }

export class Characters extends Module<Text> {
  readonly tokens = embedding(VOCABULARY, FEATURES)
  readonly positions = positionalEmbedding(TIME, FEATURES)
  readonly blocks = Array.from({ length: 2 }, () => transformerBlock(FEATURES, 4, { causal: true, dropout: 0.1 }))
  readonly norm = layerNorm(FEATURES)
  readonly head = linear(FEATURES, VOCABULARY)

  constructor(readonly hparams = DEFAULTS) {
    super()
  }

  override stages() {
    return [this.tokens, this.positions, ...this.blocks, this.norm, this.head]
  }

  override forward(x: Tensor2D, step: StepContext): Tensor {
    let h = this.positions.forward(this.tokens.forward(x, step) as Tensor3D, step)
    for (const block of this.blocks) h = block.forward(h, step)
    return this.head.forward(this.norm.forward(h, step), step)
  }

  trainingStep({ x, y }: Text, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.forward(x, step), y)
    step.log('train/loss', loss)
    return loss
  }

  validationStep({ x, y }: Text, step: EvaluationStep): void {
    step.log('val/loss', crossEntropy(this.forward(x, step), y))
  }

  override predictStep({ x }: Text, step: StepContext): Tensor {
    return this.forward(x, step)
  }

  onTrainBatchStart(_batch: unknown, _index: number, run: RunContext): Promise<void> {
    return strike(this.hparams, run)
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: this.hparams.learningRate })
  }
}

class TextData extends DataModule<Text> {
  constructor(readonly batchSize: number) {
    super()
  }

  get #table() {
    // Each letter follows from the one before it, but for the first of three.
    const letters = Int32Array.from({ length: SAMPLES * (TIME + 1) }, (_, i) => (i * i * 7 + 3 * i) % VOCABULARY)
    for (let i = 1; i < letters.length; i++)
      if (i % 3 !== 0) letters[i] = ((letters[i - 1] as number) * 2 + 1) % VOCABULARY
    const column = (shift: number) =>
      Int32Array.from(
        { length: SAMPLES * TIME },
        (_, i) => letters[(TIME + 1) * Math.floor(i / TIME) + (i % TIME) + shift] as number,
      )
    return fromArrays({
      x: { data: column(0), shape: [SAMPLES, TIME] },
      y: { data: column(1), shape: [SAMPLES, TIME] },
    })
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
  hparams: { ...DEFAULTS, batchSize: 4, saveEvery: 3, maxSteps: 12 },
  module: (hparams) => new Characters(hparams),
  data: ({ batchSize }) => new TextData(batchSize),
  trainer: ({ saveEvery, maxSteps }) => ({
    maxSteps,
    accumulateGradBatches: 4,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [modelCheckpoint({ every: everySteps(saveEvery), saveTopK: -1 })],
  }),
})
