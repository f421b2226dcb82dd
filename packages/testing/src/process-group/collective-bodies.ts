import { assertAllClose } from '../all-close.js'
import { expectEqual, expectRefusal, expectTrue } from '../expectations.js'
import {
  bytesOf,
  concatenated,
  dataOf,
  forms,
  type GroupBody,
  integersOf,
  KINDS,
  LARGE,
  LENGTHS,
  OPERATIONS,
  ranksOf,
  reduced,
  sumOf,
} from './reference.js'

/** Each collective against a serial reference. */
export const collectiveBodies: Readonly<Record<string, GroupBody>> = {
  'allReduce gives every rank the reduction, in place': async (group) => {
    for (const form of forms(group))
      for (const operation of OPERATIONS)
        for (const length of LENGTHS) {
          const data = dataOf(group.rank, length)
          await form.allReduce(data, operation)
          assertAllClose(data, reduced(group.size, length, operation), {}, `allReduce ${operation} of ${length}`)
        }
  },
  'allReduce gives every rank the same bits': async (group) => {
    for (const length of [1001, LARGE]) {
      const data = dataOf(group.rank, length)
      await group.asynchronous.allReduce(data, 'sum')
      const all = new Float32Array(length * group.size)
      await group.asynchronous.allGather(data, all)
      for (const rank of ranksOf(group.size)) {
        const theirs = all.subarray(rank * length, (rank + 1) * length)
        const different = theirs.findIndex((value, index) => !Object.is(value, data[index]))
        expectEqual(different, -1, `where the sum of rank ${rank} differs`)
      }
    }
  },
  'reductions take whole numbers, and booleans as bytes': async (group) => {
    for (const form of forms(group)) {
      for (const operation of ['sum', 'min', 'max', 'product'] as const)
        for (const length of [1, 300]) {
          const data = integersOf(group.rank, length)
          await form.allReduce(data, operation)
          const expected = reduced(group.size, length, operation, integersOf)
          // Not −0: integers have none.
          expectEqual(
            [...data],
            expected.map((value) => value | 0),
            `${operation} of int32`,
          )
        }
      const flags = Uint8Array.of(1, group.rank === 0 ? 1 : 0, 0)
      const any = flags.slice()
      await form.allReduce(flags, 'min')
      await form.allReduce(any, 'max')
      expectEqual([...flags], group.size === 1 ? [1, 1, 0] : [1, 0, 0], 'all')
      expectEqual([...any], [1, 1, 0], 'any')
      const part = new Int32Array(3)
      await form.reduceScatter(integersOf(group.rank, 3 * group.size), part, 'max')
      const whole = reduced(group.size, 3 * group.size, 'max', integersOf)
      expectEqual([...part], whole.slice(3 * group.rank, 3 * group.rank + 3), 'reduceScatter of int32')
    }
  },
  'allReduce takes any length from any place, and touches nothing beside it': async (group) => {
    for (const form of forms(group))
      for (const { name, of, empty } of KINDS)
        for (const length of [0, 1, 17, 4_096, 4_097, 70_001]) {
          const isBytes = name === 'bytes'
          const operation = isBytes ? 'max' : 'sum'
          // Below 128, where a byte is the same number with and without a sign; that there is none is a case of its own.
          const bring = (rank: number, count: number) =>
            isBytes ? of(rank, count).map((byte) => byte >> 1) : of(rank, count)
          // From the third element of a line on, between elements that nobody may change.
          const around = empty(length + 4).fill(9)
          const data = around.subarray(2, 2 + length)
          data.set(bring(group.rank, length))
          await form.allReduce(data, operation)
          const expected = reduced(group.size, length, operation, bring)
          assertAllClose(data, expected, {}, `${operation} of ${length} ${name}`)
          const beside = [0, 1, length + 2, length + 3].map((index) => around[index])
          expectEqual(beside, [9, 9, 9, 9], `what lies beside ${length} ${name}`)
        }
  },
  'bytes are numbers without a sign': async (group) => {
    const bytes = Uint8Array.of(group.rank === 0 ? 129 : 70, 128 + group.rank)
    for (const form of forms(group)) {
      const data = bytes.slice()
      await form.allReduce(data, 'max')
      expectEqual([...data], [129, 127 + group.size], 'the largest')
    }
  },
  'reductions that have no meaning are refused': async (group) => {
    // One rank alone reduces nothing.
    if (group.size === 1) return
    const { asynchronous } = group
    const mean = () => asynchronous.allReduce(new Int32Array(2), 'mean')
    await expectRefusal(mean, 'LEVIN_NOT_SUPPORTED', 'a mean of int32')
    const sum = () => asynchronous.allReduce(new Uint8Array(2), 'sum')
    await expectRefusal(sum, 'LEVIN_NOT_SUPPORTED', 'a sum of bytes')
    const scattered = () => asynchronous.reduceScatter(new Uint8Array(group.size), new Uint8Array(1), 'product')
    await expectRefusal(scattered, 'LEVIN_NOT_SUPPORTED', 'a product of bytes')
    await asynchronous.barrier()
  },
  'reduceScatter gives each rank its part of the reduction': async (group) => {
    for (const form of forms(group))
      for (const operation of OPERATIONS)
        for (const length of [0, 1, 5, 333]) {
          const target = new Float32Array(length)
          const data = dataOf(group.rank, length * group.size)
          await form.reduceScatter(data, target, operation)
          const whole = reduced(group.size, length * group.size, operation)
          const part = whole.slice(length * group.rank, length * (group.rank + 1))
          assertAllClose(target, part, {}, `reduceScatter ${operation} of ${length}`)
          expectEqual([...data], [...dataOf(group.rank, length * group.size)], 'what was reduced stays')
        }
  },
  'allGather puts every rank’s data in rank order, of equal or given lengths': async (group) => {
    const { size, rank } = group
    const lists = [ranksOf(size).map((each) => each + 1), ranksOf(size).map((each) => (each % 2 === 0 ? 0 : 3 * each))]
    for (const form of forms(group)) {
      const equal = new Float32Array(3 * size)
      await form.allGather(dataOf(rank, 3), equal)
      expectEqual([...equal], concatenated(ranksOf(size).map((each) => dataOf(each, 3))), 'allGather')
      for (const lengths of lists) {
        const uneven = new Float32Array(lengths.reduce((a, b) => a + b, 0))
        await form.allGather(dataOf(rank, lengths[rank] as number), uneven, lengths)
        const expected = concatenated(lengths.map((length, each) => dataOf(each, length)))
        expectEqual([...uneven], expected, `allGather of lengths ${lengths}`)
      }
    }
  },
  'broadcast gives every rank the data of any source': async (group) => {
    for (const form of forms(group))
      for (const source of ranksOf(group.size)) {
        const data = dataOf(group.rank, 7)
        await form.broadcast(data, source)
        expectEqual([...data], [...dataOf(source, 7)], `broadcast from ${source}`)
      }
  },
  'gather and scatter move parts to and from a root': async (group) => {
    for (const form of forms(group))
      for (const root of ranksOf(group.size)) {
        const isRoot = group.rank === root
        const all = isRoot ? new Float32Array(2 * group.size) : undefined
        await form.gather(dataOf(group.rank, 2), all, root)
        if (all) expectEqual([...all], concatenated(ranksOf(group.size).map((rank) => dataOf(rank, 2))), 'gather')
        const part = new Float32Array(2)
        await form.scatter(isRoot ? dataOf(root, 2 * group.size) : undefined, part, root)
        expectEqual([...part], [...dataOf(root, 2 * group.size)].slice(2 * group.rank, 2 * group.rank + 2), 'scatter')
      }
  },
  'allToAll exchanges parts': async (group) => {
    for (const form of forms(group)) {
      const target = new Float32Array(2 * group.size)
      await form.allToAll(dataOf(group.rank, 2 * group.size), target)
      const expected = ranksOf(group.size).flatMap((rank) =>
        [...dataOf(rank, 2 * group.size)].slice(2 * group.rank, 2 * group.rank + 2),
      )
      expectEqual([...target], expected, 'allToAll')
    }
  },
  'floats, whole numbers and raw bytes travel as they are, of odd lengths and none': async (group) => {
    const { size, rank } = group
    const root = size - 1
    for (const form of forms(group))
      for (const { name, of, empty } of KINDS)
        for (const length of [0, 1, 3, 257]) {
          const what = `${length} ${name}`
          const everything = concatenated(ranksOf(size).map((each) => of(each, length)))
          const all = empty(length * size)
          await form.allGather(of(rank, length), all)
          expectEqual([...all], everything, `allGather of ${what}`)
          const data = of(rank, length)
          await form.broadcast(data, root)
          expectEqual([...data], [...of(root, length)], `broadcast of ${what}`)
          const gathered = rank === root ? empty(length * size) : undefined
          await form.gather(of(rank, length), gathered, root)
          if (gathered) expectEqual([...gathered], everything, `gather of ${what}`)
          const part = empty(length)
          await form.scatter(rank === root ? of(root, length * size) : undefined, part, root)
          const own = [...of(root, length * size)].slice(rank * length, (rank + 1) * length)
          expectEqual([...part], own, `scatter of ${what}`)
          const exchanged = empty(length * size)
          await form.allToAll(of(rank, length * size), exchanged)
          const parts = ranksOf(size).flatMap((each) =>
            [...of(each, length * size)].slice(rank * length, (rank + 1) * length),
          )
          expectEqual([...exchanged], parts, `allToAll of ${what}`)
        }
  },
  'every collective moves what does not fit into one piece': async (group) => {
    const { size, rank } = group
    const whole = sumOf(size, LARGE)
    const brought = dataOf(rank, LARGE * size)
    for (const form of forms(group)) {
      const data = brought.slice(0, LARGE)
      await form.allReduce(data, 'mean')
      assertAllClose(
        data,
        whole.map((sum) => sum / size),
        {},
        'allReduce',
      )
      const lengths = ranksOf(size).map((each) => LARGE - 20_001 * each)
      const all = new Float32Array(lengths.reduce((a, b) => a + b, 0))
      await form.allGather(brought.slice(0, lengths[rank]), all, lengths)
      let start = 0
      for (const [each, length] of lengths.entries()) {
        assertAllClose(all.subarray(start, start + length), dataOf(each, length), {}, `gathered of ${each}`)
        start += length
      }
      const part = new Float32Array(LARGE)
      await form.reduceScatter(brought, part, 'sum')
      assertAllClose(part, sumOf(size, LARGE, rank * LARGE), {}, 'reduceScatter')
      const exchanged = new Float32Array(LARGE * size)
      await form.allToAll(brought, exchanged)
      for (const each of ranksOf(size)) {
        const part = exchanged.subarray(each * LARGE, (each + 1) * LARGE)
        assertAllClose(part, dataOf(each, LARGE, rank * LARGE), {}, `allToAll of ${each}`)
      }
      const bytes = bytesOf(rank, LARGE)
      await form.broadcast(bytes, size - 1)
      assertAllClose(bytes, bytesOf(size - 1, LARGE), {}, 'broadcast')
    }
  },
  'collectives work on views into memory of WebAssembly, shared or not': async (group) => {
    for (const shared of [false, true])
      for (const form of forms(group)) {
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared })
        const data = new Float32Array(memory.buffer, 64, 33)
        data.set(dataOf(group.rank, 33))
        await form.allReduce(data, 'sum')
        assertAllClose(data, reduced(group.size, 33, 'sum'), {}, 'the sum on a heap')
        const around = [...new Uint8Array(memory.buffer, 0, 64), ...new Uint8Array(memory.buffer, 64 + 4 * 33, 64)]
        expectTrue(
          around.every((byte) => byte === 0),
          'Bytes around the view were written to.',
        )
      }
  },
  'buffers that do not fit are refused': async (group) => {
    const { asynchronous, size } = group
    const refused = (what: string, run: () => unknown) => expectRefusal(run, 'LEVIN_SHAPE', what)
    await refused('allGather into a target of another size', () =>
      asynchronous.allGather(new Float32Array(2), new Float32Array(2 * size + 1)),
    )
    await refused('allGather into a target of another type', () =>
      asynchronous.allGather(new Float32Array(2), new Int32Array(2 * size)),
    )
    await refused('a list of lengths that says otherwise', () =>
      asynchronous.allGather(new Float32Array(2), new Float32Array(3 * size), new Array<number>(size).fill(3)),
    )
    await refused('allToAll into a target of another size', () =>
      asynchronous.allToAll(new Float32Array(size), new Float32Array(size + 1)),
    )
    if (size === 1) return
    await refused('data that ranks cannot divide', () =>
      asynchronous.reduceScatter(new Float32Array(size + 1), new Float32Array(1), 'sum'),
    )
    const outside = () => asynchronous.broadcast(new Float32Array(1), size)
    await expectRefusal(outside, 'LEVIN_NOT_SUPPORTED', 'a source outside the group')
    await asynchronous.barrier()
  },
}
