// Small models with everything that dividing parameters has to get right.
import {
  deriveKey,
  type EvaluationStep,
  fillUniform,
  Layer,
  Module,
  type Optimizer,
  Parameter,
  type StepContext,
  type TrainingOutput,
  type TrainingStep,
  uniform,
  untaped,
} from '@levin/core'
import { fromArrays } from '@levin/data'
import {
  batchNorm,
  conv2d,
  crossEntropy,
  embedding,
  flatten,
  layerNorm,
  linear,
  maxPool2d,
  positionalEmbedding,
  relu,
  sequential,
  transformerBlock,
} from '@levin/nn'
import { adam, adamW, sgd } from '@levin/optim'
import {
  add,
  concat,
  gather,
  matMul,
  mean,
  mul,
  type Rank,
  reshape,
  type Scalar,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
} from '@tensorflow/tfjs-core'
import { PlainLars } from './plain-lars.js'

export interface Batch extends Record<string, unknown> {
  readonly x: Tensor
  readonly y: Tensor
}

abstract class Classifier extends Module<Batch> {
  abstract logits(x: Tensor, step: StepContext): Tensor

  loss({ x, y }: Batch, step: StepContext): Scalar {
    return crossEntropy(this.logits(x, step), y)
  }

  trainingStep(batch: Batch, step: TrainingStep): TrainingOutput {
    return this.loss(batch, step)
  }

  validationStep(batch: Batch, step: EvaluationStep): void {
    step.log('val/loss', this.loss(batch, step))
  }

  configureOptimizers(): Optimizer {
    return adamW(this.parameters(), { learningRate: 1e-2 })
  }
}

/** Sizes that nothing divides, and a layer that no loss reaches, which decay must leave alone. */
class Mlp extends Classifier {
  readonly net = sequential(linear(12, 31), relu(), linear(31, 17), relu(), linear(17, 5))
  readonly spare = linear(5, 3)

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x, step)
  }
}

class Cnn extends Classifier {
  readonly net = sequential(
    sequential(conv2d(1, 4, 3), batchNorm(4), relu(), maxPool2d(2)),
    flatten(),
    sequential(linear(36, 8, { bias: false }), batchNorm(8), relu()),
    linear(8, 5),
  )

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x as Tensor4D, step)
  }

  override configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 0.05, momentum: 0.9 })
  }
}

/** The table of tokens is read once more as the output's weight, where no layer is called. */
class Gpt extends Classifier {
  readonly tokens = embedding(13, 16)
  readonly positions = positionalEmbedding(6, 16)
  readonly blocks = Array.from({ length: 2 }, () => transformerBlock(16, 2, { causal: true, dropout: 0.2 }))
  readonly norm = layerNorm(16)

  logits(x: Tensor, step: StepContext) {
    let h = this.positions.forward(this.tokens.forward(x, step) as Tensor3D, step)
    for (const block of this.blocks) h = block.forward(h, step)
    const [batch, time, features] = h.shape
    const rows = reshape<Rank.R2>(this.norm.forward(h, step), [batch * time, features])
    return reshape(matMul(rows, this.tokens.weight.value as Tensor2D, false, true), [batch, time, 13])
  }

  override configureOptimizers(): Optimizer {
    const decayed = this.parameters().filter(({ decay }) => decay)
    const others = this.parameters().filter(({ decay }) => !decay)
    return adamW([{ parameters: decayed }, { parameters: others, weightDecay: 0 }], { learningRate: 3e-3 })
  }
}

/** Returns its parameter as it is. */
class Offset extends Layer<Tensor, Tensor> {
  readonly value = new Parameter([12], uniform(-1, 1))

  compute(): Tensor {
    return this.value.value
  }
}

/**
 * A layer in two places, read outside of them too: before its first call off the tape, after it on the tape. A layer that belongs to
 * two others; one without a result of its own; a frozen one.
 */
class Shared extends Classifier {
  readonly twice = linear(12, 12)
  readonly offset = new Offset()
  readonly tied = linear(12, 12)
  readonly left = sequential(linear(12, 12), this.tied)
  readonly right = sequential(this.tied, relu(), linear(12, 12))
  readonly fixed = linear(12, 12).freeze()
  readonly head = linear(12, 5)

  logits(x: Tensor, step: StepContext) {
    const once = this.twice.forward(x, step)
    const again = this.twice.forward(add(mul(once, 0.5), this.offset.forward(x, step)), step)
    const both = add(this.left.forward(again, step), this.right.forward(mul(again, again), step))
    return this.head.forward(this.fixed.forward(both, step), step)
  }

  override trainingStep(batch: Batch, step: TrainingStep): TrainingOutput {
    step.log('norm', untaped(() => sum(square(this.twice.weight.value))) as Scalar)
    const penalty = mean(square(this.twice.weight.value))
    return add(this.loss(batch, step), mul(penalty, 0.1)) as Scalar
  }

  override configureOptimizers(): Optimizer {
    return adam(this.parameters(), { learningRate: 1e-2, weightDecay: 0.01 })
  }
}

/** Labels of which one counts for nothing: a part may weigh nothing though it has samples. */
class Weighted extends Mlp {
  override trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const weight = y.dataSync<'int32'>().reduce((total, label) => total + Number(label !== 0), 0)
    return { loss: crossEntropy(this.logits(x, step), y, { ignoreIndex: 0 }), weight }
  }
}

/** An optimizer that needs whole tensors. */
class Layerwise extends Mlp {
  override configureOptimizers(): Optimizer {
    return new PlainLars(this.parameters(), 0.05)
  }
}

/** Rows of a part, by which half of the global batch of 8 they belong to. */
const rowsOf = (x: Tensor, step: StepContext, half: 0 | 1): number[] =>
  Array.from({ length: x.shape[0] as number }, (_, row) => row).filter(
    (row) => Number((step.firstSample + row) % 8 >= 4) === half,
  )

/** Half of the samples take another way: ranks call other layers than others do. */
class Branching extends Classifier {
  readonly trunk = linear(12, 12)
  readonly ways = [linear(12, 5), linear(12, 5)] as const

  logits(x: Tensor, step: StepContext) {
    const features = this.trunk.forward(x, step)
    const parts = this.ways.map((way, half) => {
      const rows = rowsOf(x, step, half as 0 | 1)
      return rows.length === 0 ? [] : [way.forward(gather(features, tensor1d(rows, 'int32')), step)]
    })
    return concat(parts.flat())
  }

  override loss({ x, y }: Batch, step: StepContext): Scalar {
    const order = [...rowsOf(x, step, 0), ...rowsOf(x, step, 1)]
    return crossEntropy(this.logits(x, step), gather(y, tensor1d(order, 'int32')))
  }
}

/** Layers that all ranks call, and whose results some leave out of their loss: before all others, and after them. */
class Aside extends Classifier {
  readonly before = linear(12, 3)
  readonly net = sequential(linear(12, 16), relu(), linear(16, 5))
  readonly after = linear(12, 3)

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x, step)
  }

  override loss({ x, y }: Batch, step: StepContext): Scalar {
    const before = this.before.forward(x, step)
    const loss = crossEntropy(this.logits(x, step), y)
    const after = this.after.forward(x, step)
    const rows = rowsOf(x, step, 1)
    if (rows.length === 0) return loss
    const own = tensor1d(rows, 'int32')
    const more = add(sum(square(gather(before, own))), sum(square(gather(after, own))))
    return add(loss, mul(more, 0.1 / (x.shape[0] as number))) as Scalar
  }
}

export const MODELS = {
  mlp: () => new Mlp(),
  cnn: () => new Cnn(),
  gpt: () => new Gpt(),
  shared: () => new Shared(),
  weighted: () => new Weighted(),
  layerwise: () => new Layerwise(),
  branching: () => new Branching(),
  aside: () => new Aside(),
} as const satisfies Record<string, () => Module<Batch>>

export type ModelName = keyof typeof MODELS

const noise = (length: number, path: string): Float32Array => {
  const values = new Float32Array(length)
  fillUniform(values, deriveKey(5, 'data', path), undefined, -1, 1)
  return values
}

/** Samples with something to learn: the label follows from the input. */
export function samplesFor(model: ModelName, count: number) {
  if (model === 'gpt') {
    const tokens = Int32Array.from(noise(count * 7, 'tokens'), (value) => Math.floor((value + 1) * 6.49))
    for (let i = 1; i < tokens.length; i++) if (i % 3 === 0) tokens[i] = ((tokens[i - 1] as number) * 2) % 13
    const column = (shift: number) =>
      Int32Array.from({ length: count * 6 }, (_, i) => tokens[7 * Math.floor(i / 6) + (i % 6) + shift] as number)
    return fromArrays({ x: { data: column(0), shape: [count, 6] }, y: { data: column(1), shape: [count, 6] } })
  }
  const [shape, features] = model === 'cnn' ? ([[8, 8, 1], 64] as const) : ([[12], 12] as const)
  const x = noise(count * features, 'inputs')
  const y = Int32Array.from({ length: count }, (_, sample) => {
    let total = 0
    for (let i = 0; i < features; i++) total += (x[sample * features + i] as number) * Math.sin(i)
    return Math.min(4, Math.max(0, Math.floor(total + 2.5)))
  })
  return fromArrays({ x: { data: x, shape: [count, ...shape] }, y })
}
