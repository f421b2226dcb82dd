// What agreement.ts promises, where there are several ranks.
import { type ErrorCode, LevinError } from '@levin/core'
import { type Ranks, share } from './ranks.js'

/**
 * Milliseconds after which ranks that wait for another one hear that it is still at work. Each time they hear is a collective of
 * its own, so that what takes longer than a collective may does not miss its deadline.
 */
const SIGN_OF_LIFE = 200

export async function together<T>(ranks: Ranks, action: () => T | Promise<T>): Promise<T> {
  const own = outcomeOf(action)
  for (;;) {
    const outcome = await orSignOfLife(own)
    const statuses = await gatherRanks(ranks, statusOf(outcome))
    if (statuses.some(({ busy }) => busy)) continue
    const rank = statuses.findIndex(({ failure }) => failure)
    if (rank >= 0)
      throw failed(rank, statuses[rank]?.failure as Failure, rank === ranks.rank.globalRank && outcome?.error)
    return (outcome as { readonly value: T }).value
  }
}

export async function onRankZero<T>(ranks: Ranks, action: () => T | Promise<T>): Promise<T> {
  const { globalRank } = ranks.rank
  const own = globalRank === 0 ? outcomeOf(action) : undefined
  for (;;) {
    const outcome = await (own && orSignOfLife(own))
    const { busy, failure, value } = await ranks.broadcast({ ...statusOf(outcome), value: outcome?.value })
    if (busy) continue
    if (failure) throw failed(0, failure, globalRank === 0 && outcome?.error)
    return value as T
  }
}

export async function gatherRanks<T>(ranks: Ranks, value: T): Promise<readonly T[]> {
  const { rank, dataShard } = ranks
  if (dataShard.count === rank.worldSize) {
    const all = await ranks.gather({ from: rank.globalRank, value })
    return all.toSorted((a, b) => a.from - b.from).map((each) => each.value)
  }
  // Of ranks that work on one part of the data together only one would be heard.
  const all: T[] = []
  for (let from = 0; from < rank.worldSize; from++) all.push(await ranks.broadcast(value, from))
  return all
}

interface Outcome<T> {
  readonly value?: T
  readonly error?: unknown
  readonly failed: boolean
}

function outcomeOf<T>(action: () => T | Promise<T>): Promise<Outcome<T>> {
  return (async () => action())().then(
    (value) => ({ value, failed: false }),
    (error: unknown) => ({ error, failed: true }),
  )
}

function orSignOfLife<T>(own: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, SIGN_OF_LIFE, undefined)
    own.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** An error as plain data. */
interface Failure {
  /** Absent where it is none of levin's. */
  readonly code?: ErrorCode
  readonly message: string
  readonly remedy?: string
}

interface Status {
  readonly busy?: boolean
  readonly failure?: Failure
}

function statusOf(outcome: Outcome<unknown> | undefined): Status {
  if (!outcome) return { busy: true }
  return outcome.failed ? { failure: failureOf(outcome.error) } : {}
}

function failureOf(error: unknown): Failure {
  if (!LevinError.isInstance(error)) return { message: error instanceof Error ? error.message : String(error) }
  const { code, message, remedy } = error
  if (remedy === undefined) return { code, message }
  return { code, message: message.endsWith(remedy) ? message.slice(0, -remedy.length).trimEnd() : message, remedy }
}

function failed(rank: number, { code, message, remedy }: Failure, cause: unknown): LevinError {
  const error = new LevinError(code ?? 'LEVIN_WORKER_LOST', {
    message: `Rank ${rank}: ${message}`,
    ...(remedy === undefined ? {} : { remedy }),
    ...(cause ? { cause } : {}),
  })
  share(error)
  return error
}
