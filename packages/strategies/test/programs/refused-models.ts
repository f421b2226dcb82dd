// Modules that a mesh refuses, each for one reason.
import { Layer } from '@levin/core'
import { embedding, layerNorm, linear, relu, sequential } from '@levin/nn'
import { sgd } from '@levin/optim'
import { reshape, type Tensor, variable, zeros } from '@tensorflow/tfjs-core'
import { Classifier, Gpt } from './mesh-models.js'

abstract class Trained extends Classifier {
  override configureOptimizers() {
    return sgd(this.parameters(), { learningRate: 0.1 })
  }
}

class NoChain extends Trained {
  readonly only = linear(12, 5)

  logits(x: Tensor, step: never) {
    return this.only.forward(x, step)
  }
}

class TwoChains extends Trained {
  readonly first = sequential(linear(12, 8), relu())
  readonly second = sequential(linear(8, 5), relu())

  logits(x: Tensor, step: never) {
    return this.second.forward(this.first.forward(x, step) as never, step)
  }
}

/** A GPT whose `stages()` are something else. */
const staged = (stages: (gpt: Gpt) => unknown) =>
  class Staged extends Gpt {
    constructor() {
      super(false)
    }

    override stages(): never {
      return stages(this) as never
    }
  }

class EndsEarly extends Gpt {
  readonly extra = layerNorm(16)

  constructor() {
    super(false)
  }

  override stages() {
    return [...(super.stages() as Layer<unknown, unknown>[]), this.extra] as never
  }
}

class Between extends Gpt {
  constructor() {
    super(false)
  }

  override logits(x: Tensor, step: never) {
    const h = this.positions.forward(this.tokens.forward(x, step) as never, step)
    let wide = reshape(h, [-1, 8, 16]) as never
    for (const block of [this.drop, ...this.blocks]) wide = block.forward(wide, step) as never
    return this.head.forward(this.norm.forward(wide, step) as never, step)
  }
}

class Manual extends Gpt {
  override readonly automaticOptimization = false
}

class Plain extends Gpt {
  readonly plain = variable(zeros([2]))
}

class Clipping extends Gpt {
  configureGradientClipping(_optimizer: never, gradients: never) {
    return gradients
  }
}

class Faulty extends Layer<Tensor, Tensor> {
  #calls = 0

  compute(x: Tensor): Tensor {
    if (++this.#calls > 6) throw new Error('a layer is out of order')
    return x
  }
}

/** Its last stage fails in the midst of a window, on the ranks that have it. */
class Failing extends Trained {
  readonly table = embedding(13, 16)
  readonly net = sequential(layerNorm(16), new Faulty() as never, linear(16, 13))

  override stages() {
    return [this.table, this.net] as never
  }

  logits(x: Tensor, step: never) {
    return this.net.forward(this.table.forward(x, step) as never, step) as Tensor
  }
}

export const REFUSED_MODELS = {
  noChain: () => new NoChain(),
  twoChains: () => new TwoChains(),
  noLayers: () => new (staged(() => []))(),
  stranger: () => new (staged(({ tokens }) => [tokens, 'head']))(),
  twice: () => new (staged(({ tokens, head }) => [tokens, tokens, head]))(),
  threeStages: () => new (staged(({ tokens, norm, head }) => [[tokens], [norm], [head]]))(),
  otherOrder: () => new (staged(({ tokens, positions, head }) => [positions, tokens, head]))(),
  endsEarly: () => new EndsEarly(),
  between: () => new Between(),
  manual: () => new Manual(false),
  plain: () => new Plain(false),
  clipping: () => new Clipping(false),
  failing: () => new Failing(),
} as const
