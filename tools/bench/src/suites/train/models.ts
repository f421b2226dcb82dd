/** What is trained, in sizes. Every peer builds it from this, in its own words. */
export type Model =
  | { readonly kind: 'mlp'; readonly inputs: number; readonly hidden: number; readonly classes: number }
  | {
      readonly kind: 'cnn'
      readonly image: number
      readonly filters: readonly [number, number]
      readonly hidden: number
      readonly classes: number
    }
  | {
      readonly kind: 'gpt'
      readonly layers: number
      readonly width: number
      readonly heads: number
      readonly context: number
      readonly vocabulary: number
    }
  | {
      readonly kind: 'lstm'
      readonly layers: number
      readonly inputs: number
      readonly hidden: number
      readonly length: number
      readonly classes: number
    }

/** One work of the suite, before threads. */
export interface Training {
  readonly name: string
  readonly model: Model
  readonly batch: number
  readonly optimizer: 'adam' | 'adamW'
  /** The step whose loss all contenders must agree on: the first of them that tests an update is the second. */
  readonly checkStep: number
}

/** Adam's other settings are PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8. */
export const LEARNING_RATE = 1e-3
/** Of AdamW, on every parameter. */
export const WEIGHT_DECAY = 1e-2

const mlp = (hidden: number, batch: number): Training => ({
  name: `mlp-${hidden}`,
  model: { kind: 'mlp', inputs: 784, hidden, classes: 10 },
  batch,
  optimizer: 'adam',
  checkStep: 5,
})

export const TRAININGS: readonly Training[] = [
  mlp(256, 64),
  mlp(1024, 128),
  {
    name: 'cnn',
    model: { kind: 'cnn', image: 28, filters: [32, 64], hidden: 128, classes: 10 },
    batch: 64,
    optimizer: 'adam',
    checkStep: 2,
  },
  {
    name: 'gpt',
    model: { kind: 'gpt', layers: 4, width: 128, heads: 4, context: 128, vocabulary: 96 },
    batch: 16,
    optimizer: 'adamW',
    checkStep: 2,
  },
  {
    name: 'lstm',
    model: { kind: 'lstm', layers: 2, inputs: 128, hidden: 128, length: 64, classes: 10 },
    batch: 32,
    optimizer: 'adam',
    checkStep: 3,
  },
]

/** The same works so small that a step takes no time: whether everything runs and agrees, not how fast. */
export const QUICK_TRAININGS: readonly Training[] = TRAININGS.map((training) => ({
  ...training,
  batch: 4,
  checkStep: 3,
  model: smaller(training.model),
}))

function smaller(model: Model): Model {
  switch (model.kind) {
    case 'mlp':
      return { ...model, hidden: model.hidden / 8 }
    case 'cnn':
      return { ...model, image: 10, filters: [4, 8], hidden: 16 }
    case 'gpt':
      return { ...model, layers: 2, width: 16, heads: 2, context: 8 }
    case 'lstm':
      return { ...model, inputs: 8, hidden: 8, length: 6 }
  }
}
