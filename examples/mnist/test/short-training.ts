import { type Accelerator, everySteps } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { Trainer } from '@levin/trainer'
import { DigitClassifier } from '../src/digit-classifier.js'

/** Digits as they were read: pixels from 0 to 1. Plain data, which goes to a page as JSON. */
export interface FewDigits {
  /** `[count · 784]`, from 0 to 255. */
  readonly pixels: readonly number[]
  readonly labels: readonly number[]
}

export interface ShortTraining {
  /** Of each update. */
  readonly losses: readonly number[]
  /** Of digits that were not trained on, from 0 to 1. */
  readonly accuracy: number
}

export const STEPS = 50
const BATCH = 8
const HELD = 200

/** How many digits it takes. */
export const DIGITS = STEPS * BATCH + HELD

/** The digit classifier with few filters, over 50 updates and a validation: on hardware of any kind. Runs in browsers. */
export async function trainShortly(accelerator: Accelerator, { pixels, labels }: FewDigits): Promise<ShortTraining> {
  const table = (from: number, to: number) =>
    fromArrays({
      images: {
        data: Float32Array.from(pixels.slice(from * 784, to * 784), (pixel) => (pixel / 255 - 0.1307) / 0.3081),
        shape: [to - from, 28, 28, 1],
      },
      labels: Int32Array.from(labels.slice(from, to)),
    })
  const losses: number[] = []
  const module = new DigitClassifier({ learningRate: 1e-2, totalSteps: STEPS, filters: [4, 8], hidden: 32 })
  const result = await new Trainer({
    accelerator,
    maxEpochs: 1,
    seed: 9,
    logEvery: everySteps(1),
    loggers: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
  }).fit(
    module,
    {
      train: new DataLoader(table(0, STEPS * BATCH), { batchSize: BATCH, shuffle: true }),
      validate: new DataLoader(table(STEPS * BATCH, DIGITS), { batchSize: 50 }),
    } as never,
    {
      onEvent: (event) => {
        if (event.type === 'log' && event.metrics['train/loss'] !== undefined) losses.push(event.metrics['train/loss'])
      },
    },
  )
  module.dispose()
  return { losses, accuracy: result.metrics['val/accuracy'] ?? Number.NaN }
}
