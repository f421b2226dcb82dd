import type { ProcessGroup } from '@levin/core'
import type { Task } from '../group/task.js'
import type { Sums } from './sums.js'

/**
 * The upper half of each float32, rounded to nearest, ties to even: eight significant bits, the range of float32. NaN stays
 * NaN.
 */
export function encodeBfloat16(values: Float32Array, target: Uint16Array): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const isNothing = (word & 0x7fff_ffff) > 0x7f80_0000
    // The addition carries into the upper half where the lower one is more than half, or half and the upper one odd.
    target[i] = isNothing ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
}

export function decodeBfloat16(bits: Uint16Array, target: Float32Array): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < words.length; i++) words[i] = (bits[i] as number) << 16
}

/**
 * Sums of which half the bytes travel. Every rank sends its values to whoever sums them, as bfloat16; who sums does so in single
 * precision and hands the result to all, as bfloat16 again. So each rank sends 4 (n - 1) / n bytes per value, where an exact
 * all-reduce sends 8 (n - 1) / n, and each value is rounded twice.
 */
export class Bfloat16Sums implements Sums {
  readonly isSerial = true
  #sent = new Uint16Array(0)
  #received = new Uint16Array(0)
  #part = new Float32Array(0)
  #addend = new Float32Array(0)

  #reserve(length: number, size: number): void {
    if (this.#sent.length < length * size) {
      this.#sent = new Uint16Array(length * size)
      this.#received = new Uint16Array(length * size)
    }
    if (this.#part.length >= length) return
    this.#part = new Float32Array(length)
    this.#addend = new Float32Array(length)
  }

  *sum(values: Float32Array, { size, rank }: ProcessGroup): Task {
    const length = Math.ceil(values.length / size)
    this.#reserve(length, size)
    const sent = this.#sent.subarray(0, length * size)
    const received = this.#received.subarray(0, length * size)
    encodeBfloat16(values, sent)
    sent.fill(0, values.length)
    yield (collectives) => collectives.allToAll(bytesOf(sent), bytesOf(received))
    const part = this.#sumParts(received, length, size)
    const own = sent.subarray(rank * length, (rank + 1) * length)
    encodeBfloat16(part, own)
    yield (collectives) => collectives.allGather(bytesOf(own), bytesOf(received))
    decodeBfloat16(received, values)
  }

  #sumParts(received: Uint16Array, length: number, size: number): Float32Array {
    const [part, addend] = [this.#part.subarray(0, length), this.#addend.subarray(0, length)]
    decodeBfloat16(received, part)
    for (let rank = 1; rank < size; rank++) {
      decodeBfloat16(received.subarray(rank * length), addend)
      for (let i = 0; i < length; i++) part[i] = (part[i] as number) + (addend[i] as number)
    }
    return part
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
