import { type EvaluationStep, Module, type StepContext, type TrainingStep } from '@levin/core'
import {
  crossEntropy,
  embedding,
  layerNorm,
  linear,
  positionalEmbedding,
  sequential,
  transformerBlock,
} from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'

/** Both `[batch, context]`, int32: characters by their numbers, and those that follow. */
export interface TextBatch extends Record<string, unknown> {
  readonly characters: Tensor2D
  readonly next: Tensor2D
}

export interface GptHparams {
  /** Characters that there are: each once, in the order of their numbers. */
  readonly alphabet: string
  readonly context?: number
  readonly width?: number
  readonly heads?: number
  readonly blocks?: number
  readonly learningRate?: number
}

/** A transformer over characters: each position guesses the next one. */
export class CharGpt extends Module<TextBatch> {
  readonly hparams: Required<GptHparams>
  readonly characters
  readonly positions
  readonly blocks
  readonly norm
  readonly head

  constructor({ alphabet, context = 48, width = 64, heads = 4, blocks = 2, learningRate = 3e-3 }: GptHparams) {
    super()
    this.hparams = { alphabet, context, width, heads, blocks, learningRate }
    const size = [...alphabet].length
    this.characters = embedding(size, width)
    this.positions = positionalEmbedding(context, width)
    this.blocks = sequential(...Array.from({ length: blocks }, () => transformerBlock(width, heads, { causal: true })))
    this.norm = layerNorm(width)
    this.head = linear(width, size)
  }

  /** @returns `[batch, time, characters]` */
  override forward(characters: Tensor2D, step: StepContext): Tensor3D {
    const embedded = this.positions.forward(this.characters.forward(characters, step) as Tensor3D, step)
    return this.head.forward(this.norm.forward(this.blocks.forward(embedded as Tensor3D, step), step), step) as Tensor3D
  }

  trainingStep({ characters, next }: TextBatch, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.forward(characters, step), next)
    step.log('train/loss', loss, { onStep: true })
    return loss
  }

  validationStep({ characters, next }: TextBatch, step: EvaluationStep): void {
    step.log('val/loss', crossEntropy(this.forward(characters, step), next))
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: this.hparams.learningRate })
  }
}
