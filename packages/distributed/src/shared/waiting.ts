import { LevinError } from '@levin/core'
import type { Block } from './block.js'
import { failureError, failWorld } from './failure.js'
import { HEADER } from './layout.js'
import { advanceOthers } from './under-way.js'
import { reached, type Wait } from './wait.js'

/** A sleep ends at the latest after this, to see whether the world has ended. */
const SLICE = 50

/** The same while operations without blocking are under way, which get on in between: others may wait for what this rank sends. */
const BUSY_SLICE = 0.2

/** Turns of a loop that looks at a counter, about 20 µs: a rank that is about to come is not worth a sleep. */
const SPIN = 4_000

/** What is known of an operation while it waits: for its error. */
export interface Operation {
  readonly name: string
  readonly sequence: number
  /** Milliseconds. */
  readonly deadline: number
  /** `performance.now()` when it began; when it first sleeps, unless somebody has set it. */
  started?: number
}

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
  timeout: number,
) => { readonly async: false; readonly value: string } | { readonly async: true; readonly value: Promise<string> }

// Not in the library of types that the compiler is told of; Firefox had it late.
const { waitAsync } = Atomics as typeof Atomics & { waitAsync?: WaitAsync }

/** How long to look before sleeping: not at all where ranks outnumber processors, and the awaited one needs this one's. */
export function spinFor(ranks: number, processors: number): number {
  return ranks <= processors ? SPIN : SPIN / 40
}

/** Looks at a counter as often as `spin`, and says whether it got there. */
export function lookFor({ words }: Block, wait: Wait, spin: number): boolean {
  for (let i = 0; i < spin; i++) if (reached(words, wait)) return true
  return false
}

/** Waits without yielding to the event loop. */
export function waitBlocking(block: Block, wait: Wait, operation: Operation, spin: number): void {
  if (lookFor(block, wait, spin)) return
  const { words } = block
  for (;;) {
    const value = Atomics.load(words, wait.word)
    if (reached(words, wait)) return
    check(block, wait, operation)
    Atomics.add(words, wait.word + 1, 1)
    const isBusy = advanceOthers()
    Atomics.wait(words, wait.word, value, isBusy ? BUSY_SLICE : SLICE)
    Atomics.sub(words, wait.word + 1, 1)
  }
}

/** Waits while the event loop goes on. */
export async function waitYielding(block: Block, wait: Wait, operation: Operation, spin: number): Promise<void> {
  if (lookFor(block, wait, spin / 8)) return
  const { words } = block
  for (;;) {
    const value = Atomics.load(words, wait.word)
    if (reached(words, wait)) return
    check(block, wait, operation)
    Atomics.add(words, wait.word + 1, 1)
    try {
      await sleepUntil(words, wait.word, value)
    } finally {
      Atomics.sub(words, wait.word + 1, 1)
    }
  }
}

async function sleepUntil(words: Int32Array, word: number, value: number): Promise<void> {
  if (waitAsync === undefined) return new Promise((resolve) => setTimeout(resolve, 1))
  const result = waitAsync.call(Atomics, words, word, value, SLICE)
  if (result.async) await result.value
}

/** Throws what ended the world, if anything has. */
export function requireWorld(block: Block, name: string, sequence: number): void {
  if (Atomics.load(block.words, HEADER.failure) === 0) return
  const failure = failureError(block.arena, `${name} (operation ${sequence})`)
  if (failure) throw failure
}

function check(block: Block, wait: Wait, operation: Operation): void {
  requireWorld(block, operation.name, operation.sequence)
  if (block.hasLeft(wait.rank)) {
    throw new LevinError('LEVIN_WORKER_LOST', {
      message: `${operation.name} (operation ${operation.sequence}) waits for rank ${wait.rank}, which has left the group.`,
      remedy: 'Let all ranks finish their collectives before one destroys the group.',
    })
  }
  operation.started ??= performance.now()
  if (performance.now() - operation.started > operation.deadline) throw missed(block, wait, operation)
}

function missed(block: Block, wait: Wait, { name, sequence, deadline }: Operation): LevinError {
  const missing = block.missing(wait)
  const ranks = missing.length === 1 ? `rank ${missing[0]}` : `ranks ${missing.join(', ')}`
  const message = `rank ${block.rank} waited ${deadline} ms in ${name} (operation ${sequence}) for ${ranks}.`
  failWorld(block.arena, 'LEVIN_TIMEOUT', missing[0] ?? block.rank, message)
  return new LevinError('LEVIN_TIMEOUT', {
    message: `${name} (operation ${sequence}) missed its deadline: ${message}`,
    remedy: 'Look at what the named ranks do; where they only compute for long, raise the deadline.',
  })
}
