import { DataModule } from '@levin/core'
import { DataLoader, type MapDataset } from '@levin/data'
import type { TextBatch } from './char-gpt.js'

export interface TextHparams {
  readonly text: string
  readonly alphabet: string
  /** Characters that are seen at once. Default 48. */
  readonly context?: number
  /** Default 16. */
  readonly batchSize?: number
}

interface Passage {
  readonly characters: Int32Array
  readonly next: Int32Array
}

/** Passages of a text, one after the other; the last tenth is validated on. */
export class TextData extends DataModule<TextBatch> {
  readonly hparams: Required<TextHparams>
  readonly #train: MapDataset<Passage>
  readonly #val: MapDataset<Passage>

  constructor({ text, alphabet, context = 48, batchSize = 16 }: TextHparams) {
    super()
    this.hparams = { text, alphabet, context, batchSize }
    const numbers = encode(text, alphabet)
    const held = Math.max(context + 1, Math.floor(numbers.length / 10))
    if (numbers.length < held + context + 1)
      throw new Error(`The text has ${numbers.length} characters; ${2 * (context + 1)} or more are needed.`)
    this.#train = passages(numbers.subarray(0, numbers.length - held), context)
    this.#val = passages(numbers.subarray(numbers.length - held), context)
  }

  trainDataLoader() {
    return new DataLoader(this.#train, { batchSize: this.hparams.batchSize, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(this.#val, { batchSize: 32 })
  }
}

/** Each character once, in order. */
export const alphabetOf = (text: string): string => [...new Set(text)].sort().join('')

export function encode(text: string, alphabet: string): Int32Array {
  const numbers = new Map([...alphabet].map((character, index) => [character, index]))
  // Whatever is not in the alphabet stands as its first character.
  return Int32Array.from([...text], (character) => numbers.get(character) ?? 0)
}

/** One begins at every eighth character. */
const STRIDE = 8

const passages = (numbers: Int32Array, context: number): MapDataset<Passage> => ({
  length: Math.floor((numbers.length - context - 1) / STRIDE) + 1,
  get: (index) => ({
    characters: numbers.subarray(index * STRIDE, index * STRIDE + context),
    next: numbers.subarray(index * STRIDE + 1, index * STRIDE + context + 1),
  }),
  synchronous: true,
})
