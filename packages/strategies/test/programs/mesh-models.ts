// A character GPT as people write it, in the layers of nn alone, and a chain.
import {
  type EvaluationStep,
  Layer,
  Module,
  type Optimizer,
  type StepContext,
  type TrainingOutput,
  type TrainingStep,
} from '@levin/core'
import {
  crossEntropy,
  dropout,
  type Embedding,
  embedding,
  layerNorm,
  linear,
  positionalEmbedding,
  relu,
  sequential,
  transformerBlock,
} from '@levin/nn'
import { adamW, sgd } from '@levin/optim'
import {
  matMul,
  mean,
  type Rank,
  reshape,
  type Scalar,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core'

export interface Batch extends Record<string, unknown> {
  readonly x: Tensor
  readonly y: Tensor
}

export const VOCABULARY = 13
const FEATURES = 16
const HEADS = 4
export const TIME = 8
export const EQUAL_FEATURES = 192

/** The table of tokens is the output's weight too. */
class TiedHead extends Layer<Tensor3D, Tensor3D> {
  readonly tokens: Embedding

  constructor(tokens: Embedding) {
    super()
    this.tokens = tokens
  }

  compute(x: Tensor3D): Tensor3D {
    const [batch, time, features] = x.shape
    const rows = reshape<Rank.R2>(x, [batch * time, features])
    const logits = matMul(rows, this.tokens.weight.value as Tensor2D, false, true)
    return reshape(logits, [batch, time, logits.shape[1] as number])
  }
}

export abstract class Classifier extends Module<Batch> {
  abstract logits(x: Tensor, step: StepContext): Tensor

  trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const loss = crossEntropy(this.logits(x, step), y)
    step.log('train/loss', loss)
    return loss
  }

  validationStep({ x, y }: Batch, step: EvaluationStep): void {
    step.log('val/loss', crossEntropy(this.logits(x, step), y))
  }

  override forward(x: Tensor, step: StepContext): Tensor {
    return this.logits(x, step)
  }

  override predictStep({ x }: Batch, step: StepContext): Tensor {
    return this.logits(x, step)
  }

  abstract configureOptimizers(): Optimizer
}

export interface GptSizes {
  readonly vocabulary: number
  readonly features: number
  readonly heads: number
  readonly blocks: number
  readonly time: number
  readonly learningRate: number
}

const SMALL: GptSizes = {
  vocabulary: VOCABULARY,
  features: FEATURES,
  heads: HEADS,
  blocks: 4,
  time: TIME,
  learningRate: 3e-3,
}

export class Gpt extends Classifier {
  readonly tokens: Embedding
  readonly positions: Layer<Tensor3D, Tensor3D>
  readonly drop = dropout(0.1)
  readonly blocks: readonly Layer<Tensor3D, Tensor3D>[]
  readonly norm: Layer<Tensor, Tensor>
  readonly head: Layer<Tensor3D, Tensor3D>
  readonly #learningRate: number

  constructor(isTied: boolean, { vocabulary, features, heads, blocks, time, learningRate }: GptSizes = SMALL) {
    super()
    this.#learningRate = learningRate
    this.tokens = embedding(vocabulary, features)
    this.positions = positionalEmbedding(time, features) as never
    this.blocks = Array.from({ length: blocks }, () =>
      transformerBlock(features, heads, { causal: true, dropout: 0.1 }),
    )
    this.norm = layerNorm(features)
    this.head = isTied ? new TiedHead(this.tokens) : (linear(features, vocabulary) as never)
  }

  override stages() {
    return [this.tokens, this.positions, this.drop, ...this.blocks, this.norm, this.head] as never
  }

  logits(x: Tensor, step: StepContext) {
    let h = this.positions.forward(this.tokens.forward(x, step) as Tensor3D, step)
    h = this.drop.forward(h, step)
    for (const block of this.blocks) h = block.forward(h, step)
    return this.head.forward(this.norm.forward(h, step) as Tensor3D, step)
  }

  override configureOptimizers(): Optimizer {
    return adamW(this.parameters(), { learningRate: this.#learningRate })
  }
}

/** Nothing says where to cut: the one chain of layers is. */
class Mlp extends Classifier {
  readonly net = sequential(
    linear(12, 32),
    relu(),
    sequential(linear(32, 24), relu(), dropout(0.2)),
    linear(24, 17),
    relu(),
    linear(17, 5),
  )

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x, step)
  }

  override configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 0.05, momentum: 0.9 })
  }
}

/** Layers that all take equally long: what theory of schedules is about. */
class Equal extends Module<Batch> {
  // So that the first of the others has to compute gradients of what goes in, as all of them do.
  readonly first = layerNorm(EQUAL_FEATURES)
  readonly layers = Array.from({ length: 16 }, () => linear(EQUAL_FEATURES, EQUAL_FEATURES))

  override stages() {
    return [this.first, ...this.layers]
  }

  trainingStep({ x }: Batch, step: TrainingStep): TrainingOutput {
    let y = this.first.forward(x, step)
    for (const layer of this.layers) y = layer.forward(y, step)
    return mean(y) as Scalar
  }

  configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 1e-3 })
  }
}

export const MESH_MODELS = {
  equal: () => new Equal(),
  gpt: () => new Gpt(false),
  tied: () => new Gpt(true),
  mlp: () => new Mlp(),
} as const satisfies Record<string, () => Module<Batch>>

export type MeshModelName = keyof typeof MESH_MODELS
