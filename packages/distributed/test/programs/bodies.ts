import { LevinError, type ProcessGroup } from '@levin/core'
import { assertAllClose, processGroupBodies } from '@levin/testing'
import { failureOf, failWorld, type SharedArena } from '../../src/index.js'

type Body = (group: ProcessGroup, arena: SharedArena) => Promise<void>

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Longer than a slot several times, and no multiple of anything. */
const LARGE = 150_001

const dataOf = (rank: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.fround(((i * 37 + rank * 11) % 101) / 8))

const ranksOf = ({ size }: ProcessGroup): number[] => Array.from({ length: size }, (_, rank) => rank)

const sumOf = (size: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => {
    let sum = 0
    for (let rank = 0; rank < size; rank++) sum += ((i * 37 + rank * 11) % 101) / 8
    return sum
  })

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** Both forms under the same names, each as a promise. */
function forms(group: ProcessGroup): ProcessGroup['asynchronous'][] {
  const blocking = Object.entries(group.blocking ?? {}).map(([name, operation]) => [
    name,
    async (...args: unknown[]) => (operation as (...args: unknown[]) => void)(...args),
  ])
  return [group.asynchronous, Object.fromEntries(blocking)]
}

async function codeOf(run: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await run()
  } catch (error) {
    if (LevinError.isInstance(error)) return { code: error.code, message: error.message }
    throw error
  }
  return { code: 'none', message: '' }
}

/** What is particular to shared memory: data in turns, the two forms mixed, ends of all kinds. */
export const sharedBodies: Readonly<Record<string, Body>> = {
  'moves what is larger than a slot': async (group) => {
    for (const form of forms(group)) {
      const data = dataOf(group.rank, LARGE)
      await form.allReduce(data, 'sum')
      assertAllClose(data, sumOf(group.size, LARGE), {}, 'allReduce')
      const lengths = ranksOf(group).map((rank) => LARGE - 30_000 * rank)
      const all = new Float32Array(lengths.reduce((a, b) => a + b, 0))
      await form.allGather(dataOf(group.rank, lengths[group.rank] as number), all, lengths)
      let offset = 0
      for (const [rank, length] of lengths.entries()) {
        assertAllClose(all.subarray(offset, offset + length), dataOf(rank, length), {}, `gathered of ${rank}`)
        offset += length
      }
      const part = new Float32Array(LARGE)
      await form.reduceScatter(dataOf(group.rank, LARGE * group.size), part, 'mean')
      const mean = sumOf(group.size, LARGE * group.size)
        .subarray(group.rank * LARGE, (group.rank + 1) * LARGE)
        .map((sum) => sum / group.size)
      assertAllClose(part, mean, {}, 'reduceScatter')
      const exchanged = new Float32Array(LARGE * group.size)
      await form.allToAll(dataOf(group.rank, LARGE * group.size), exchanged)
      for (const rank of ranksOf(group)) {
        const from = dataOf(rank, LARGE * group.size).subarray(group.rank * LARGE, (group.rank + 1) * LARGE)
        assertAllClose(exchanged.subarray(rank * LARGE, (rank + 1) * LARGE), from, {}, `allToAll of ${rank}`)
      }
    }
  },
  'sends what is longer than its letters, both ways at once': async (group) => {
    if (group.size === 1) return
    const next = (group.rank + 1) % group.size
    const previous = (group.rank + group.size - 1) % group.size
    const target = new Float32Array(LARGE)
    for (let round = 0; round < 3; round++) {
      const sent = group.asynchronous.send(dataOf(group.rank, LARGE), next)
      await Promise.all([sent, group.asynchronous.receive(target, previous)])
      assertAllClose(target, dataOf(previous, LARGE), {}, `round ${round}`)
    }
  },
  'a blocking operation lets those under way end first': async (group) => {
    const many = ranksOf(group).map((_, index) => Float32Array.of(group.rank + index))
    const underWay = many.map((data) => group.asynchronous.allReduce(data, 'sum'))
    const last = Float32Array.of(group.rank)
    group.blocking?.allReduce(last, 'max')
    const base = (group.size * (group.size - 1)) / 2
    for (const [index, data] of many.entries()) expect(data[0] === base + index * group.size, `sum ${index}`)
    expect(last[0] === group.size - 1, 'the largest')
    await Promise.all(underWay)
  },
  'gives the same numbers when ranks come at any time': async (group) => {
    let state = 17 + 1000 * group.rank
    const random = () => {
      state = (state * 48271) % 2147483647
      return state / 2147483647
    }
    for (let round = 0; round < 40; round++) {
      if (random() < 0.4) await pause(random() * 4)
      const form = forms(group)[random() < 0.5 ? 0 : 1] as ProcessGroup['asynchronous']
      const data = dataOf(group.rank + round, 1 + (round % 7) * 9001)
      await form.allReduce(data, 'sum')
      const expected = ranksOf(group).map((rank) => dataOf(rank + round, data.length))
      assertAllClose(
        data,
        data.map((_, i) => expected.reduce((sum, each) => sum + (each[i] as number), 0)),
        {},
        `${round}`,
      )
    }
  },
  'reduces booleans, and refuses what has no meaning': async (group) => {
    const flags = Uint8Array.of(1, group.rank === 0 ? 1 : 0, 0)
    const any = flags.slice()
    await group.asynchronous.allReduce(flags, 'min')
    await group.asynchronous.allReduce(any, 'max')
    expect(`${flags}` === (group.size === 1 ? '1,1,0' : '1,0,0'), `all: ${flags}`)
    expect(`${any}` === '1,1,0', `any: ${any}`)
    const { code } = await codeOf(() => group.asynchronous.allReduce(flags, 'mean'))
    expect(code === 'LEVIN_NOT_SUPPORTED', `a mean of bytes gave ${code}`)
  },
  'names both operations when ranks do not agree': async (group) => {
    if (group.size === 1) return
    const { code, message } = await codeOf(() =>
      group.rank === 0
        ? group.asynchronous.allReduce(new Float32Array(8), 'sum')
        : group.asynchronous.allReduce(new Float32Array(9), 'sum'),
    )
    expect(code === 'LEVIN_COLLECTIVE', `gave ${code}: ${message}`)
    expect(/allReduce of [89] elements.*rank \d.*allReduce of [89] elements/.test(message), message)
  },
  'ends everywhere when a rank does not come, with its number': async (group, arena) => {
    if (group.size === 1) return
    const late = group.size - 1
    if (group.rank === late) {
      while (failureOf(arena) === undefined) await pause(5)
      const { code } = await codeOf(() => group.asynchronous.barrier())
      expect(code === 'LEVIN_TIMEOUT', `the late rank got ${code}`)
      return
    }
    const form = forms(group)[group.rank % 2] as ProcessGroup['asynchronous']
    const { code, message } = await codeOf(() => form.allReduce(new Float32Array(3), 'sum', { deadline: 100 }))
    expect(code === 'LEVIN_TIMEOUT', `gave ${code}: ${message}`)
    expect(message.includes('allReduce') && message.includes(`rank ${late}`), message)
  },
  'ends everywhere when the world is failed, long before the deadline': async (group, arena) => {
    if (group.size === 1) return
    if (group.rank === 0) {
      await pause(50)
      failWorld(arena, 'LEVIN_WORKER_LOST', 0, 'rank 0 ended with exit code 7.')
      return
    }
    const form = forms(group)[group.rank % 2] as ProcessGroup['asynchronous']
    const { code, message } = await codeOf(() => form.broadcast(new Float32Array(3), 0))
    expect(code === 'LEVIN_WORKER_LOST' && message.includes('exit code 7'), `gave ${code}: ${message}`)
  },
  'says so when another has left': async (group) => {
    if (group.size === 1) return
    if (group.rank === 0) {
      await group.destroy()
      const { code } = await codeOf(() => group.asynchronous.barrier())
      expect(code === 'LEVIN_DISPOSED', `who left got ${code}`)
      return
    }
    const { code, message } = await codeOf(() => group.asynchronous.barrier())
    expect(code === 'LEVIN_WORKER_LOST' && message.includes('rank 0'), `gave ${code}: ${message}`)
  },
  'uses the memory of groups that were destroyed again': async (group, arena) => {
    const sizes: number[] = []
    for (let round = 0; round < 4; round++) {
      const half = await group.split(group.rank % 2)
      await half.asynchronous.barrier()
      await half.destroy()
      await group.asynchronous.barrier()
      sizes.push(arena.memory.buffer.byteLength)
    }
    expect(new Set(sizes).size === 1, `The memory grew: ${sizes}.`)
  },
}

/** What a rank does in a case, by name. */
export const bodies: Readonly<Record<string, Body>> = { ...processGroupBodies, ...sharedBodies }
