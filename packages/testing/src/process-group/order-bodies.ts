import { assertAllClose } from '../all-close.js'
import { expectEqual, expectRefusal, expectTrue } from '../expectations.js'
import { dataOf, type Form, forms, type GroupBody, pause, randomOf, ranksOf } from './reference.js'

/** Order, and what a group says of itself. */
export const orderBodies: Readonly<Record<string, GroupBody>> = {
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
