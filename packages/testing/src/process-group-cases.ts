import type { Elements, ProcessGroup, ReduceOperation } from '@levin/core'
import { assertAllClose } from './all-close.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectRefusal, expectTrue } from './expectations.js'

export interface ProcessGroupHarness extends KnownFailures {
  /** Worlds to test, such as [1, 2, 3, 4]. */
  readonly worldSizes: readonly number[]
  /**
   * Runs `processGroupBodies[name](group)` on every rank of a new world, wherever its ranks live, and rejects if it does
   * on any of them. Names travel to workers; functions would not.
   */
  launch(name: string, worldSize: number): Promise<void>
}

/** Every collective against a serial reference, in worlds of every size that the harness names. */
export function processGroupCases(harness: ProcessGroupHarness): ConformanceCase[] {
  const cases = harness.worldSizes.flatMap((size) =>
    Object.keys(processGroupBodies).map(
      (name) => [`${name}, ${size} ranks`, () => harness.launch(name, size)] as const,
    ),
  )
  return conformanceCases(Object.fromEntries(cases), harness)
}

type Form = ProcessGroup['asynchronous']

/** Both forms of every collective; the blocking one where a rank may block. */
const forms = ({ asynchronous, blocking }: ProcessGroup): Form[] => {
  if (!blocking) return [asynchronous]
  const wrapped = Object.entries(blocking).map(([name, operation]) => [
    name,
    async (...args: never[]) => (operation as (...args: never[]) => void).call(blocking, ...args),
  ])
  return [asynchronous, Object.fromEntries(wrapped) as Form]
}

const LENGTHS = [0, 1, 2, 7, 64, 1001]

/** What rank `rank` brings, different in every place. */
const dataOf = (rank: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 1 + Math.sin(1 + i + 31 * rank) / 2)

const REDUCE: Readonly<Record<ReduceOperation, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  product: (values) => values.reduce((a, b) => a * b, 1),
}

function reduced(size: number, length: number, operation: ReduceOperation): number[] {
  const all = Array.from({ length: size }, (_, rank) => dataOf(rank, length))
  return Array.from({ length }, (_, i) => REDUCE[operation](all.map((data) => data[i] as number)))
}

const concatenated = (parts: readonly Elements[]): number[] => parts.flatMap((part) => [...part])

const ranks = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank)

/** What each rank does in a case, by name: for workers that are told the name. */
export const processGroupBodies: Readonly<Record<string, (group: ProcessGroup) => Promise<void>>> = {
  'allReduce gives every rank the reduction, in place': async (group) => {
    for (const form of forms(group))
      for (const operation of Object.keys(REDUCE) as ReduceOperation[])
        for (const length of LENGTHS) {
          const data = dataOf(group.rank, length)
          await form.allReduce(data, operation)
          assertAllClose(data, reduced(group.size, length, operation), {}, `allReduce ${operation} of ${length}`)
        }
  },
  'allReduce gives every rank the same bits': async (group) => {
    const data = dataOf(group.rank, 1001)
    await group.asynchronous.allReduce(data, 'sum')
    const all = new Float32Array(1001 * group.size)
    await group.asynchronous.allGather(data, all)
    for (const rank of ranks(group.size))
      expectEqual([...all.subarray(rank * 1001, (rank + 1) * 1001)], [...data], `the sum of rank ${rank}`)
  },
  'allReduce takes whole numbers': async (group) => {
    const data = Int32Array.of(group.rank + 1, -1)
    await group.asynchronous.allReduce(data, 'sum')
    expectEqual([...data], [(group.size * (group.size + 1)) / 2, -group.size], 'sum')
  },
  'reduceScatter gives each rank its part of the reduction': async (group) => {
    for (const form of forms(group)) {
      const target = new Float32Array(5)
      await form.reduceScatter(dataOf(group.rank, 5 * group.size), target, 'sum')
      const whole = reduced(group.size, 5 * group.size, 'sum')
      assertAllClose(target, whole.slice(5 * group.rank, 5 * group.rank + 5), {}, 'reduceScatter')
    }
  },
  'allGather puts every rank’s data in rank order, of equal or given lengths': async (group) => {
    for (const form of forms(group)) {
      const equal = new Float32Array(3 * group.size)
      await form.allGather(dataOf(group.rank, 3), equal)
      expectEqual([...equal], concatenated(ranks(group.size).map((rank) => dataOf(rank, 3))), 'allGather')
      const lengths = ranks(group.size).map((rank) => rank + 1)
      const uneven = new Float32Array(lengths.reduce((a, b) => a + b, 0))
      await form.allGather(dataOf(group.rank, group.rank + 1), uneven, lengths)
      expectEqual(
        [...uneven],
        concatenated(lengths.map((length, rank) => dataOf(rank, length))),
        'allGather of lengths',
      )
    }
  },
  'broadcast gives every rank the data of any source': async (group) => {
    for (const form of forms(group))
      for (const source of ranks(group.size)) {
        const data = dataOf(group.rank, 7)
        await form.broadcast(data, source)
        expectEqual([...data], [...dataOf(source, 7)], `broadcast from ${source}`)
      }
  },
  'raw bytes travel as they are': async (group) => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * (group.rank === 0 ? 7 : 1)) % 256)
    await group.asynchronous.broadcast(bytes, 0)
    expectEqual(
      [...bytes],
      Array.from({ length: 300 }, (_, i) => (i * 7) % 256),
      'bytes',
    )
  },
  'gather and scatter move parts to and from a root': async (group) => {
    for (const form of forms(group))
      for (const root of ranks(group.size)) {
        const isRoot = group.rank === root
        const all = isRoot ? new Float32Array(2 * group.size) : undefined
        await form.gather(dataOf(group.rank, 2), all, root)
        if (all) expectEqual([...all], concatenated(ranks(group.size).map((rank) => dataOf(rank, 2))), 'gather')
        const part = new Float32Array(2)
        await form.scatter(isRoot ? dataOf(root, 2 * group.size) : undefined, part, root)
        expectEqual([...part], [...dataOf(root, 2 * group.size)].slice(2 * group.rank, 2 * group.rank + 2), 'scatter')
      }
  },
  'allToAll exchanges parts': async (group) => {
    for (const form of forms(group)) {
      const target = new Float32Array(2 * group.size)
      await form.allToAll(dataOf(group.rank, 2 * group.size), target)
      const expected = ranks(group.size).flatMap((rank) =>
        [...dataOf(rank, 2 * group.size)].slice(2 * group.rank, 2 * group.rank + 2),
      )
      expectEqual([...target], expected, 'allToAll')
    }
  },
  'send and receive go round in a ring': async (group) => {
    if (group.size === 1) return
    const target = new Float32Array(3)
    const next = (group.rank + 1) % group.size
    const previous = (group.rank + group.size - 1) % group.size
    const send = () => group.asynchronous.send(dataOf(group.rank, 3), next)
    const receive = () => group.asynchronous.receive(target, previous)
    await Promise.all(group.rank === 0 ? [send(), receive()] : [receive(), send()])
    expectEqual([...target], [...dataOf(previous, 3)], 'what came from the neighbour')
  },
  'several operations under way keep their order': async (group) => {
    const many = ranks(8).map((index) => Float32Array.of(group.rank + index))
    await Promise.all(many.map((data) => group.asynchronous.allReduce(data, 'sum')))
    const base = (group.size * (group.size - 1)) / 2
    for (const [index, data] of many.entries()) expectEqual(data[0], base + index * group.size, `operation ${index}`)
  },
  'barrier lets everybody through': async (group) => {
    for (const form of forms(group)) await form.barrier()
  },
  'buffers that do not fit are refused': async (group) => {
    if (group.size > 1) return
    await expectRefusal(
      () => group.asynchronous.allGather(new Float32Array(2), new Float32Array(3)),
      'LEVIN_SHAPE',
      'allGather into a target of another size',
    )
    await expectRefusal(
      () => group.asynchronous.allGather(new Float32Array(2), new Int32Array(2)),
      'LEVIN_SHAPE',
      'allGather into a target of another type',
    )
  },
  'split makes groups by colour, ordered by key': async (group) => {
    const half = await group.split(group.rank % 2, -group.rank)
    const members = ranks(group.size).filter((rank) => rank % 2 === group.rank % 2)
    expectEqual(
      [half.size, half.rank],
      [members.length, members.length - 1 - members.indexOf(group.rank)],
      'size and rank',
    )
    const data = Float32Array.of(group.rank)
    await half.asynchronous.allReduce(data, 'sum')
    expectEqual(
      data[0],
      members.reduce((a, b) => a + b, 0),
      'the sum within the colour',
    )
    await half.destroy()
  },
  'counts its traffic': async (group) => {
    const before = { ...group.traffic }
    await group.asynchronous.allReduce(new Float32Array(64), 'sum')
    const { operations, bytesSent, bytesReceived } = group.traffic
    expectTrue(operations >= before.operations, 'operations went down.')
    if (group.size > 1)
      expectTrue(bytesSent + bytesReceived > before.bytesSent + before.bytesReceived, 'No byte was counted.')
  },
  'can be left twice': async (group) => {
    await group.asynchronous.barrier()
    await group.destroy()
    await group.destroy()
  },
}
