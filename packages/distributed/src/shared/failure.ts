import { type ErrorCode, LevinError } from '@levin/core'
import type { SharedArena } from './arena.js'
import { HEADER } from './layout.js'

/** Why a world ended, by the number under which it is written down. */
const CODES = ['LEVIN_WORKER_LOST', 'LEVIN_TIMEOUT', 'LEVIN_COLLECTIVE'] as const satisfies readonly ErrorCode[]

export type FailureCode = (typeof CODES)[number]

/**
 * Ends the world: every rank that waits, and every later operation, fails with this. The first failure counts.
 *
 * @param rank who failed, or found out
 * @param text a sentence
 */
export function failWorld({ memory }: SharedArena, code: FailureCode, rank: number, text: string): void {
  const words = new Int32Array(memory.buffer)
  const claimed = -1
  if (Atomics.compareExchange(words, HEADER.failure, 0, claimed) !== 0) return
  const encoded = new TextEncoder().encode(text).slice(0, HEADER.failureTextBytes)
  new Uint8Array(memory.buffer).set(encoded, HEADER.failureText)
  words[HEADER.failure + 1] = rank
  words[HEADER.failure + 2] = encoded.length
  Atomics.store(words, HEADER.failure, CODES.indexOf(code) + 1)
}

/** The failure that ended the world, if any. */
export function failureOf({ memory }: SharedArena): { code: FailureCode; rank: number; text: string } | undefined {
  const words = new Int32Array(memory.buffer)
  const number = Atomics.load(words, HEADER.failure)
  if (number <= 0) return undefined
  const length = words[HEADER.failure + 2] as number
  // Decoders refuse shared memory: a copy.
  const bytes = Uint8Array.from(new Uint8Array(memory.buffer, HEADER.failureText, length))
  const code = CODES[number - 1] as FailureCode
  return { code, rank: words[HEADER.failure + 1] as number, text: new TextDecoder().decode(bytes) }
}

/** The failure as the error of whoever runs into it. */
export function failureError(arena: SharedArena, operation: string): LevinError | undefined {
  const failure = failureOf(arena)
  if (failure === undefined) return undefined
  const { code, text } = failure
  return new LevinError(code, { message: `${operation} ended: ${text}` })
}
