import { type Elements, LevinError } from '@levin/core'
import { bytesOf, requirePeer, typeNumber, typeOf } from '../elements.js'
import type { Block } from './block.js'
import type { Traffic } from './collectives.js'
import { CHANNEL, LETTER, LETTERS } from './layout.js'
import { type Progress, raise, reached, type Wait } from './wait.js'

/**
 * From one rank to another: letters of a fixed size, two of which may be under way. A sender waits for the receiver from the
 * third on. Beside the collectives: they have an order of their own.
 */
export class Channels {
  readonly #block: Block
  readonly #traffic: Traffic

  constructor(block: Block, traffic: Traffic) {
    this.#block = block
    this.#traffic = traffic
  }

  send(data: Elements, destination: number): Progress {
    requirePeer('send', destination, this.#block.rank, this.#block.size)
    this.#traffic.operations++
    return this.#send(bytesOf(data), typeNumber(typeOf(data)), destination)
  }

  *#send(data: Uint8Array, type: number, to: number): Progress {
    const { words, bytes, layout, rank } = this.#block
    const channel = layout.channel(rank, to)
    let start = 0
    do {
      const written = Atomics.load(words, channel + CHANNEL.written)
      yield* this.#until({ word: channel + CHANNEL.read, target: (written - LETTERS + 1) | 0, rank: to })
      const letter = data.subarray(start, start + LETTER)
      bytes.set(letter, layout.letter(rank, to, written))
      if (start === 0) {
        words[channel + CHANNEL.bytes] = data.length
        words[channel + CHANNEL.type] = type
      }
      raise(words, channel + CHANNEL.written)
      this.#traffic.bytesSent += letter.length
      start += LETTER
    } while (start < data.length)
    // Until the last letter is read: the words that describe the message are free for the next.
    const written = Atomics.load(words, channel + CHANNEL.written)
    yield* this.#until({ word: channel + CHANNEL.read, target: written, rank: to })
  }

  receive(target: Elements, source: number): Progress {
    requirePeer('receive', source, this.#block.rank, this.#block.size)
    this.#traffic.operations++
    return this.#receive(bytesOf(target), typeNumber(typeOf(target)), source)
  }

  *#receive(target: Uint8Array, type: number, from: number): Progress {
    const { words, bytes, layout, rank } = this.#block
    const channel = layout.channel(from, rank)
    let start = 0
    do {
      const read = Atomics.load(words, channel + CHANNEL.read)
      yield* this.#until({ word: channel + CHANNEL.written, target: (read + 1) | 0, rank: from })
      if (start === 0) this.#checkMessage(channel, target.length, type, from)
      const length = Math.min(LETTER, target.length - start)
      const at = layout.letter(from, rank, read)
      target.set(bytes.subarray(at, at + length), start)
      raise(words, channel + CHANNEL.read)
      this.#traffic.bytesReceived += length
      start += LETTER
    } while (start < target.length)
  }

  *#until(wait: Wait): Progress {
    while (!reached(this.#block.words, wait)) yield wait
  }

  #checkMessage(channel: number, length: number, type: number, from: number): void {
    const { words } = this.#block
    const [sent, sentType] = [words[channel + CHANNEL.bytes], words[channel + CHANNEL.type]]
    if (sent === length && sentType === type) return
    throw new LevinError('LEVIN_SHAPE', {
      message: `receive() got a message from rank ${from} that does not fit.`,
      expected: `${length} bytes`,
      found: sent === length ? 'elements of another type' : `${sent} bytes`,
      remedy: 'Send and receive buffers of one length and type.',
    })
  }
}
