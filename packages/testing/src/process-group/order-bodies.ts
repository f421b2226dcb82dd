import type { ProcessGroup } from '@levin/core'
import { assertAllClose } from '../all-close.js'
import { expectEqual, expectRefusal, expectTrue } from '../expectations.js'
import { bytesOf, dataOf, type Form, forms, type GroupBody, LARGE, pause, randomOf, ranksOf } from './reference.js'

const neighbours = ({ rank, size }: ProcessGroup) => ({ next: (rank + 1) % size, previous: (rank + size - 1) % size })

/** Order, messages, groups of groups, and what a group says of itself. */
export const orderBodies: Readonly<Record<string, GroupBody>> = {
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
  'several operations under way keep their order': async (group) => {
    const many = ranksOf(8).map((index) => Float32Array.of(group.rank + index))
    await Promise.all(many.map((data) => group.asynchronous.allReduce(data, 'sum')))
    const base = (group.size * (group.size - 1)) / 2
    for (const [index, data] of many.entries()) expectEqual(data[0], base + index * group.size, `operation ${index}`)
  },
  'a blocking operation lets those under way end first': async (group) => {
    const many = ranksOf(4).map((index) => Float32Array.of(group.rank + index))
    const underWay = many.map((data) => group.asynchronous.allReduce(data, 'sum'))
    const last = Float32Array.of(group.rank)
    group.blocking?.allReduce(last, 'max')
    if (group.blocking) {
      const base = (group.size * (group.size - 1)) / 2
      for (const [index, data] of many.entries()) expectEqual(data[0], base + index * group.size, `sum ${index}`)
      expectEqual(last[0], group.size - 1, 'the largest')
    }
    await Promise.all(underWay)
  },
  'gives the same numbers when ranks come at any time': async (group) => {
    const random = randomOf(group.rank)
    for (let round = 0; round < 30; round++) {
      if (random() < 0.4) await pause(random() * 4)
      const all = forms(group)
      const form = all[Math.floor(random() * all.length)] as Form
      const data = dataOf(group.rank + round, 1 + (round % 7) * 9001)
      await form.allReduce(data, 'sum')
      const expected = ranksOf(group.size).map((rank) => dataOf(rank + round, data.length))
      const sums = data.map((_, i) => expected.reduce((sum, each) => sum + (each[i] as number), 0))
      assertAllClose(data, sums, {}, `round ${round}`)
    }
  },
  'barrier lets nobody through before all have come': async (group) => {
    for (const form of forms(group)) {
      // Whoever comes late says so before it comes.
      const late = Int32Array.of(0)
      if (group.rank === group.size - 1) {
        await pause(10)
        late[0] = 1
      }
      await form.barrier()
      await form.broadcast(late, group.size - 1)
      expectEqual(late[0], 1, 'what the late rank had done')
    }
  },
  'the event loop goes on while an operation waits': async (group) => {
    if (group.size === 1) return
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    if (group.rank === 0) await pause(60)
    await group.asynchronous.allReduce(new Float32Array(10), 'sum')
    clearInterval(timer)
    expectTrue(group.rank === 0 || turns > 3, `The event loop turned ${turns} times in 60 ms.`)
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
  'counts its traffic': async (group) => {
    const before = { ...group.traffic }
    await group.asynchronous.allReduce(new Float32Array(64), 'sum')
    const { operations, bytesSent, bytesReceived } = group.traffic
    expectTrue(operations >= before.operations, 'Operations went down.')
    if (group.size > 1) {
      expectTrue(operations > before.operations, 'No operation was counted.')
      expectTrue(bytesSent > before.bytesSent, 'No byte was counted as sent.')
      expectTrue(bytesReceived > before.bytesReceived, 'No byte was counted as received.')
    }
  },
  'can be left twice, and does nothing afterwards': async (group) => {
    await group.asynchronous.barrier()
    await group.destroy()
    await group.destroy()
    if (group.size === 1) return
    await expectRefusal(() => group.asynchronous.barrier(), 'LEVIN_DISPOSED', 'a barrier after destroy()')
  },
}
