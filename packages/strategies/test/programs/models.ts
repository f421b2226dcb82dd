// Small models of every kind that data parallelism has to get right.
import {
  deriveKey,
  fillUniform,
  Module,
  normal,
  type Optimizer,
  Parameter,
  type StepContext,
  type TrainingOutput,
  type TrainingStep,
  zeros,
} from '@levin/core'
import { fromArrays, type MapDataset } from '@levin/data'
import {
  batchNorm,
  conv2d,
  crossEntropy,
  embedding,
  flatten,
  layerNorm,
  linear,
  maxPool2d,
  mse,
  positionalEmbedding,
  relu,
  sequential,
  transformerBlock,
} from '@levin/nn'
import { adamW, sgd } from '@levin/optim'
import {
  add,
  cast,
  concat,
  gather,
  matMul,
  mean,
  relu as rectified,
  reshape,
  square,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  tensor1d,
} from '@tensorflow/tfjs-core'

export interface Batch extends Record<string, unknown> {
  readonly x: Tensor
  readonly y: Tensor
}

abstract class Classifier extends Module<Batch> {
  abstract logits(x: Tensor, step: StepContext): Tensor

  trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    return crossEntropy(this.logits(x, step), y)
  }

  configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 0.1, momentum: 0.9 })
  }
}

class Mlp extends Classifier {
  // Wide enough for a gradient that is summed where it lies.
  readonly net = sequential(linear(12, 160), relu(), linear(160, 160), relu(), linear(160, 5))

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x as never, step)
  }
}

class Cnn extends Classifier {
  readonly net = sequential(
    conv2d(1, 4, 3),
    batchNorm(4),
    relu(),
    maxPool2d(2),
    flatten(),
    linear(36, 8, { bias: false }),
    batchNorm(8),
    relu(),
    linear(8, 5),
  )

  logits(x: Tensor, step: StepContext) {
    return this.net.forward(x as never, step)
  }

  override configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 0.05, momentum: 0.9 })
  }
}

class Gpt extends Classifier {
  readonly tokens = embedding(11, 16)
  readonly positions = positionalEmbedding(6, 16)
  readonly block = transformerBlock(16, 2, { causal: true, dropout: 0.2 })
  readonly norm = layerNorm(16)
  readonly head = linear(16, 11)

  logits(x: Tensor, step: StepContext) {
    const embedded = this.positions.forward(this.tokens.forward(x as Tensor2D, step) as Tensor3D, step)
    return this.head.forward(this.norm.forward(this.block.forward(embedded as Tensor3D, step), step), step)
  }

  override configureOptimizers(): Optimizer {
    return adamW(this.parameters(), { learningRate: 3e-3 })
  }
}

/** Half of the samples take another way: the loss of a rank may not reach what others' do, and nobody's reaches the spare part. */
class Branching extends Classifier {
  readonly trunk = linear(12, 6)
  readonly even = linear(6, 5)
  readonly odd = linear(6, 5)
  readonly spare = linear(6, 5)

  logits(x: Tensor, step: StepContext) {
    const rows = Array.from({ length: x.shape[0] as number }, (_, i) => i)
    const isOdd = (row: number) => (step.firstSample + row) % 8 >= 4
    const features = this.trunk.forward(x, step)
    const parts = [this.even, this.odd].map((branch, which) => {
      const own = rows.filter((row) => isOdd(row) === (which === 1))
      return own.length === 0 ? [] : [branch.forward(gather(features, tensor1d(own, 'int32')), step)]
    })
    // Rows of one half come before those of the other, in whatever order: so do the labels.
    return concat(parts.flat())
  }

  override trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const order = Array.from({ length: x.shape[0] as number }, (_, i) => i).sort(
      (a, b) => Number((step.firstSample + a) % 8 >= 4) - Number((step.firstSample + b) % 8 >= 4) || a - b,
    )
    return crossEntropy(this.logits(x, step), gather(y, tensor1d(order, 'int32')))
  }
}

/** Labels of which one counts for nothing: the weight of a part is no number of samples, and may be 0 where there are some. */
class Weighted extends Mlp {
  override trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const weight = Array.from(y.dataSync()).reduce((sum, label) => sum + Number(label !== 0), 0)
    return { loss: crossEntropy(this.logits(x, step), y, { ignoreIndex: 0 }), weight }
  }
}

/** Sums of parameters: their gradients are one tensor's data, large ones and small ones. */
class Twins extends Classifier {
  readonly first = linear(12, 160)
  readonly a = new Parameter([160, 160], normal(0, 0.05))
  readonly b = new Parameter([160, 160], normal(0, 0.05))
  readonly last = linear(160, 5, { bias: false })
  readonly c = new Parameter([5], zeros())
  readonly d = new Parameter([5], zeros())

  logits(x: Tensor, step: StepContext) {
    const hidden = rectified(
      matMul(this.first.forward(x, step) as Tensor2D, add(this.a.value, this.b.value) as Tensor2D),
    )
    return add(this.last.forward(hidden, step), add(this.c.value, this.d.value))
  }
}

/** A regression so plain that a test can do it with arrays. */
class Line extends Module<Batch> {
  readonly line = linear(12, 1, { bias: false })

  trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const outputs = reshape(this.line.forward(x, step), [x.shape[0] as number])
    return mse(outputs, cast(y, 'float32'))
  }

  configureOptimizers(): Optimizer {
    return sgd(this.parameters(), { learningRate: 0.05 })
  }
}

/** Two nets with an optimizer each, by turns: the second learns from what the first gives. */
class ByHand extends Module<Batch> {
  override readonly automaticOptimization = false
  readonly first = linear(12, 6)
  readonly second = linear(6, 5)

  trainingStep({ x, y }: Batch, step: TrainingStep): TrainingOutput {
    const [first, second] = [this.first.parameters(), this.second.parameters()]
    step.optimizer(0).step(
      step.backward(() => mean(square(this.first.forward(x, step))), first),
      { clipNorm: 0.2 },
    )
    const classify = () => crossEntropy(this.second.forward(this.first.forward(x, step), step), y)
    step.optimizer(1).step(step.backward(classify, second))
    return classify()
  }

  configureOptimizers(): Optimizer[] {
    return [
      sgd(this.first.parameters(), { learningRate: 0.1 }),
      sgd(this.second.parameters(), { learningRate: 0.2, momentum: 0.5 }),
    ]
  }
}

export const MODELS = {
  mlp: () => new Mlp(),
  cnn: () => new Cnn(),
  gpt: () => new Gpt(),
  branching: () => new Branching(),
  weighted: () => new Weighted(),
  twins: () => new Twins(),
  line: () => new Line(),
  byHand: () => new ByHand(),
} as const satisfies Record<string, () => Module<Batch>>

export type ModelName = keyof typeof MODELS

const noise = (length: number, path: string): Float32Array => {
  const values = new Float32Array(length)
  fillUniform(values, deriveKey(5, 'data', path), undefined, -1, 1)
  return values
}

/** Samples with something to learn: the label follows from the input. */
export function samplesFor(model: ModelName, count: number): MapDataset<Record<string, unknown>> {
  if (model === 'gpt') {
    const tokens = Int32Array.from(noise(count * 7, 'tokens'), (value) => Math.floor((value + 1) * 5.49))
    for (let i = 1; i < tokens.length; i++) if (i % 3 === 0) tokens[i] = ((tokens[i - 1] as number) * 2) % 11
    const column = (shift: number) =>
      Int32Array.from({ length: count * 6 }, (_, i) => tokens[7 * Math.floor(i / 6) + (i % 6) + shift] as number)
    return fromArrays({ x: { data: column(0), shape: [count, 6] }, y: { data: column(1), shape: [count, 6] } })
  }
  const [shape, features] = model === 'cnn' ? ([[8, 8, 1], 64] as const) : ([[12], 12] as const)
  const x = noise(count * features, 'inputs')
  const y = Int32Array.from({ length: count }, (_, sample) => {
    let sum = 0
    for (let i = 0; i < features; i++) sum += (x[sample * features + i] as number) * Math.sin(i)
    return Math.min(4, Math.max(0, Math.floor(sum + 2.5)))
  })
  return fromArrays({ x: { data: x, shape: [count, ...shape] }, y })
}
