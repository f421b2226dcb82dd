import type { ErrorCode } from '@levin/core'

/** Why a world ended, by the number under which it is written down. */
const CODES = ['LEVIN_WORKER_LOST', 'LEVIN_TIMEOUT', 'LEVIN_COLLECTIVE'] as const satisfies readonly ErrorCode[]

export type FailureCode = (typeof CODES)[number]

/** What ended the world. The first failure counts. */
export interface Failure {
  readonly code: FailureCode
  /** Who failed, as a rank of the world. */
  readonly rank: number
  /** A sentence. */
  readonly text: string
}

/** A rank that left a group after its operation `sequence`. */
export interface Departure {
  readonly group: number
  readonly rank: number
  readonly sequence: number
}

/** The group and the last operation of it that a rank has begun. */
export type Progress = readonly [group: number, sequence: number]

/** Words of the memory that a process's main thread and its watcher share. */
const AT = {
  failure: 0,
  failureCode: 1,
  failureRank: 2,
  failureBytes: 3,
  /** Odd while the main thread is inside a function of MPI. */
  native: 4,
  departures: 5,
  /** The last request of the main thread that the watcher has carried out. */
  answered: 6,
  groups: 16,
} as const

const GROUPS = 128
const DEPARTURES = 1024
const TEXT_BYTES = 2048
const DEPARTURES_AT = AT.groups + 2 * GROUPS
const TEXT_AT = DEPARTURES_AT + 3 * DEPARTURES
const WORDS = TEXT_AT + TEXT_BYTES / 4

/**
 * What a process's two threads tell each other without an event loop: the thread that computes may be in a long kernel, or
 * asleep in a blocking collective, and the watcher must neither wait for it nor be waited for.
 */
export class WorldState {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #text: Uint8Array

  constructor(buffer = new SharedArrayBuffer(4 * WORDS)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
    this.#text = new Uint8Array(buffer, 4 * TEXT_AT, TEXT_BYTES)
  }

  get hasFailed(): boolean {
    return Atomics.load(this.#words, AT.failure) > 0
  }

  get failure(): Failure | undefined {
    if (!this.hasFailed) return undefined
    // Decoders refuse shared memory: a copy.
    const bytes = Uint8Array.from(this.#text.subarray(0, this.#words[AT.failureBytes]))
    return {
      code: CODES[this.#words[AT.failureCode] as number] as FailureCode,
      rank: this.#words[AT.failureRank] as number,
      text: new TextDecoder().decode(bytes),
    }
  }

  /** Writes down why the world ended, and wakes who sleeps. Returns whether this is the first failure. */
  fail({ code, rank, text }: Failure): boolean {
    if (Atomics.compareExchange(this.#words, AT.failure, 0, -1) !== 0) return false
    const { written } = new TextEncoder().encodeInto(text, new Uint8Array(TEXT_BYTES))
    this.#text.set(new TextEncoder().encode(text).subarray(0, written))
    this.#words[AT.failureCode] = CODES.indexOf(code)
    this.#words[AT.failureRank] = rank
    this.#words[AT.failureBytes] = written
    Atomics.store(this.#words, AT.failure, 1)
    Atomics.notify(this.#words, AT.failure)
    return true
  }

  /** Sleeps without an event loop; a failure ends it. */
  sleep(milliseconds: number): void {
    Atomics.wait(this.#words, AT.failure, 0, milliseconds)
  }

  enterNative(): void {
    Atomics.add(this.#words, AT.native, 1)
  }

  leaveNative(): void {
    Atomics.add(this.#words, AT.native, 1)
  }

  /** Odd while the main thread is inside a function of MPI; unchanged as long as it is the same call. */
  get nativeCalls(): number {
    return Atomics.load(this.#words, AT.native)
  }

  /** The place of a group in the table of progress; `undefined` where there is none left, and its deadlines name nobody. */
  claim(group: number): number | undefined {
    for (let at = AT.groups; at < DEPARTURES_AT; at += 2) {
      if (this.#words[at] !== 0) continue
      this.#words[at + 1] = 0
      Atomics.store(this.#words, at, group)
      return at
    }
    return undefined
  }

  release(place: number | undefined): void {
    if (place !== undefined) Atomics.store(this.#words, place, 0)
  }

  /** Says which operation this rank is in. */
  began(place: number | undefined, sequence: number): void {
    if (place !== undefined) Atomics.store(this.#words, place + 1, sequence)
  }

  /** How far this rank is, in every group that it belongs to. */
  progress(): Progress[] {
    const all: Progress[] = []
    for (let at = AT.groups; at < DEPARTURES_AT; at += 2) {
      const group = Atomics.load(this.#words, at)
      if (group !== 0) all.push([group, Atomics.load(this.#words, at + 1)])
    }
    return all
  }

  /** Counts departures: unchanged, there is nothing to look up. */
  get departures(): number {
    return Atomics.load(this.#words, AT.departures)
  }

  noteDeparture({ group, rank, sequence }: Departure): void {
    const count = this.departures
    const at = DEPARTURES_AT + 3 * (count % DEPARTURES)
    this.#words.set([group, rank, sequence], at)
    Atomics.store(this.#words, AT.departures, count + 1)
  }

  /** A rank that left a group before its operation `sequence`. */
  departed(group: number, sequence: number): number | undefined {
    const count = Math.min(this.departures, DEPARTURES)
    for (let at = DEPARTURES_AT; at < DEPARTURES_AT + 3 * count; at += 3) {
      if (this.#words[at] === group && (this.#words[at + 2] as number) < sequence) return this.#words[at + 1]
    }
    return undefined
  }

  answer(request: number): void {
    Atomics.store(this.#words, AT.answered, request)
    Atomics.notify(this.#words, AT.answered)
  }

  /** Waits until the watcher has carried out a request, without an event loop. */
  awaitAnswer(request: number, milliseconds: number): void {
    const end = performance.now() + milliseconds
    for (;;) {
      const answered = Atomics.load(this.#words, AT.answered)
      const left = end - performance.now()
      if (answered >= request || left <= 0) return
      Atomics.wait(this.#words, AT.answered, answered, left)
    }
  }
}
