import type { ProcessGroup } from '@levin/core'
import { assertAllClose } from '../all-close.js'
import { expectEqual } from '../expectations.js'
import { bytesOf, dataOf, type GroupBody, LARGE, ranksOf } from './reference.js'

const neighbours = ({ rank, size }: ProcessGroup) => ({ next: (rank + 1) % size, previous: (rank + size - 1) % size })

/** What needs a way between any two ranks: messages, and groups of any of them. */
export const pairBodies: Readonly<Record<string, GroupBody>> = {
  'send and receive go round in a ring': async (group) => {
    if (group.size === 1) return
    const target = new Float32Array(3)
    const { next, previous } = neighbours(group)
    const send = () => group.asynchronous.send(dataOf(group.rank, 3), next)
    const receive = () => group.asynchronous.receive(target, previous)
    await Promise.all(group.rank === 0 ? [send(), receive()] : [receive(), send()])
    expectEqual([...target], [...dataOf(previous, 3)], 'what came from the neighbour')
  },
  'long messages go both ways at once': async (group) => {
    if (group.size === 1) return
    const { next, previous } = neighbours(group)
    const target = new Float32Array(LARGE)
    for (let round = 0; round < 3; round++) {
      const sent = group.asynchronous.send(dataOf(group.rank + round, LARGE), next)
      await Promise.all([sent, group.asynchronous.receive(target, previous)])
      assertAllClose(target, dataOf(previous + round, LARGE), {}, `round ${round}`)
    }
  },
  'messages get on while their sender is blocked in a collective': async (group) => {
    const { rank, size, blocking } = group
    if (size === 1 || !blocking) return
    if (rank === 0) {
      const sent = [LARGE, 7].map((length) => group.asynchronous.send(dataOf(1, length), 1))
      blocking.barrier()
      await Promise.all(sent)
      return
    }
    // Comes to the barrier only with what was sent.
    if (rank === 1) {
      for (const length of [LARGE, 7]) {
        const target = new Float32Array(length)
        await group.asynchronous.receive(target, 0)
        assertAllClose(target, dataOf(1, length), {}, `a message of ${length}`)
      }
    }
    blocking.barrier()
  },
  'messages of one rank keep their order, whichever rank is asked first': async (group) => {
    const { rank, size } = group
    const messages = [0, 1, 2]
    if (rank > 0) for (const index of messages) await group.asynchronous.send(bytesOf(rank + index, 5 + index), 0)
    else {
      // The last rank first, and each one's messages in a bunch.
      for (const from of ranksOf(size).slice(1).reverse()) {
        const targets = messages.map((index) => new Uint8Array(5 + index))
        await Promise.all(targets.map((target) => group.asynchronous.receive(target, from)))
        for (const index of messages)
          expectEqual([...(targets[index] ?? [])], [...bytesOf(from + index, 5 + index)], `message ${index} of ${from}`)
      }
    }
    await group.asynchronous.barrier()
  },
  'messages may be blocking on both sides': async (group) => {
    if (group.size === 1 || !group.blocking) return
    const data = dataOf(group.rank, 1001)
    if (group.rank === 0) group.blocking.send(data, 1)
    if (group.rank === 1) {
      group.blocking.receive(data, 0)
      expectEqual([...data], [...dataOf(0, 1001)], 'the message')
    }
    await group.asynchronous.barrier()
  },
  'split makes groups by colour, ordered by key': async (group) => {
    const half = await group.split(group.rank % 2, -group.rank)
    const members = ranksOf(group.size).filter((rank) => rank % 2 === group.rank % 2)
    const place = members.length - 1 - members.indexOf(group.rank)
    expectEqual([half.size, half.rank], [members.length, place], 'size and rank')
    const data = Float32Array.of(group.rank)
    await half.asynchronous.allReduce(data, 'sum')
    const sum = members.reduce((a, b) => a + b, 0)
    expectEqual(data[0], sum, 'the sum within the colour')
    await half.destroy()
  },
  'groups of groups work at the same time as the whole': async (group) => {
    const half = await group.split(group.rank < group.size / 2 ? -3 : 70_000)
    const alone = await half.split(half.rank)
    expectEqual([alone.size, alone.rank], [1, 0], 'a group of one')
    for (let round = 0; round < 5; round++) {
      const [whole, part, own] = [Int32Array.of(1), Int32Array.of(1), Int32Array.of(1)]
      await Promise.all([
        group.asynchronous.allReduce(whole, 'sum'),
        half.asynchronous.allReduce(part, 'sum'),
        alone.asynchronous.allReduce(own, 'sum'),
      ])
      expectEqual([whole[0], part[0], own[0]], [group.size, half.size, 1], 'members')
    }
    await alone.destroy()
    await half.destroy()
    await group.asynchronous.barrier()
  },
  'many groups may be made and destroyed': async (group) => {
    for (let round = 0; round < 20; round++) {
      const part = await group.split(round % 2 === 0 ? 0 : group.rank % 2)
      const count = Int32Array.of(1)
      await part.asynchronous.allReduce(count, 'sum')
      expectEqual(count[0], part.size, 'members')
      await part.destroy()
    }
  },
}
