import { LevinError } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { gatherRanks, onRankZero, together } from '../src/run/agreement.js'
import { isShared, type Ranks } from '../src/run/ranks.js'

/** Ranks that meet in one thread: a collective ends when all have come, and fails if they came for different things. */
class Meeting {
  readonly #size: number
  readonly #shards: number
  #brought: { what: string; value: unknown }[] = []
  #waiting: ((all: unknown[]) => void)[] = []
  /** Collectives so far. */
  count = 0

  constructor(size: number, shards = size) {
    this.#size = size
    this.#shards = shards
  }

  async #meet<T>(rank: number, what: string, value: T): Promise<T[]> {
    this.#brought[rank] = { what, value }
    const met = new Promise<unknown[]>((resolve) => this.#waiting.push(resolve))
    if (this.#waiting.length === this.#size) {
      expect(new Set(this.#brought.map((each) => each.what)).size).toBe(1)
      // Plain data: it travels as text.
      const all = this.#brought.map((each) => each.value).map((each) => JSON.parse(JSON.stringify({ each })).each as T)
      this.#brought = []
      this.count++
      for (const go of this.#waiting.splice(0)) go(all)
    }
    return (await met) as T[]
  }

  rank(globalRank: number): Ranks {
    return {
      rank: { globalRank, localRank: globalRank, nodeRank: 0, localWorldSize: this.#size, worldSize: this.#size },
      dataShard: { rank: globalRank % this.#shards, count: this.#shards },
      gather: async (value) => (await this.#meet(globalRank, 'gather', value)).slice(0, this.#shards),
      broadcast: async (value, source = 0) =>
        (await this.#meet(globalRank, `broadcast ${source}`, value))[source] as typeof value,
    }
  }
}

const onAll = <T>(meeting: Meeting, size: number, body: (ranks: Ranks, rank: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: size }, (_, rank) => body(meeting.rank(rank), rank)))

const reasons = (settled: readonly PromiseSettledResult<unknown>[]) =>
  settled.map((each) => (each.status === 'rejected' ? (each.reason as LevinError) : undefined))

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe.each([
  ['each of which has a part of the data', 3],
  ['of which some share a part of the data', 1],
])('ranks %s', (_name, shards) => {
  test('hear from all of them', async () => {
    const settled = await onAll(new Meeting(3, shards), 3, (ranks, rank) => gatherRanks(ranks, { from: rank }))
    const all = { status: 'fulfilled', value: [{ from: 0 }, { from: 1 }, { from: 2 }] }
    expect(settled).toEqual([all, all, all])
  })

  test('fail with the error of the first of them that failed, and keep its code and remedy', async () => {
    const settled = await onAll(new Meeting(3, shards), 3, (ranks, rank) =>
      together(ranks, async () => {
        if (rank === 0) await later(300)
        if (rank > 0)
          throw new LevinError('LEVIN_FILES', { message: `disk ${rank} is full.`, remedy: 'Free some space.' })
      }),
    )
    const errors = reasons(settled)
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'LEVIN_FILES', remedy: 'Free some space.' })
      expect(error?.message).toBe('Rank 1: disk 1 is full. Free some space.')
      expect(isShared(error)).toBe(true)
    }
    // Only where it happened is there a cause.
    expect(errors.map((error) => error?.cause !== undefined)).toEqual([false, true, false])
  })
})

test('an error of nobody’s own kind gets a code, and says which rank it was', async () => {
  const settled = await onAll(new Meeting(2), 2, (ranks, rank) =>
    together(ranks, () => {
      if (rank === 1) throw new TypeError('boom')
    }),
  )
  for (const error of reasons(settled))
    expect(error).toMatchObject({ code: 'LEVIN_WORKER_LOST', message: 'Rank 1: boom' })
})

test('what rank zero comes to all ranks get, its error too; the others do nothing', async () => {
  const did: number[] = []
  const body = (fails: boolean) => (ranks: Ranks, rank: number) =>
    onRankZero(ranks, async () => {
      did.push(rank)
      if (fails) throw new LevinError('LEVIN_CHECKPOINT_EXISTS', { message: 'There is one.' })
      return { found: [1, 2] }
    })
  const got = { status: 'fulfilled', value: { found: [1, 2] } }
  expect(await onAll(new Meeting(3), 3, body(false))).toEqual([got, got, got])
  const errors = reasons(await onAll(new Meeting(3), 3, body(true)))
  for (const error of errors)
    expect(error).toMatchObject({ code: 'LEVIN_CHECKPOINT_EXISTS', message: 'Rank 0: There is one.' })
  expect(did).toEqual([0, 0])
})

test.each([
  ['all at once', together],
  ['rank zero for all', onRankZero],
])('who waits for what takes long meets the others in between: %s', async (_name, agree) => {
  const meeting = new Meeting(2)
  const settled = await onAll(meeting, 2, (ranks, rank) =>
    agree(ranks, async () => void (rank === 0 && (await later(700)))),
  )
  expect(settled.every(({ status }) => status === 'fulfilled')).toBe(true)
  expect(meeting.count).toBeGreaterThan(2)
})

test('one rank alone keeps its own errors and values, and asks nobody', async () => {
  const alone = new Meeting(1).rank(0)
  const boom = new TypeError('boom')
  await expect(together(alone, () => Promise.reject(boom))).rejects.toBe(boom)
  await expect(onRankZero(alone, () => Promise.reject(boom))).rejects.toBe(boom)
  expect(isShared(boom)).toBe(false)
  const value = { itself: true }
  expect(await onRankZero(alone, () => value)).toBe(value)
  expect(await gatherRanks(alone, value)).toEqual([value])
})
