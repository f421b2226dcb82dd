import type { ErrorCode } from '@levin/core'
import { expectRefusal, expectTrue } from '../expectations.js'
import { type Form, forms, type GroupBody, pause } from './reference.js'

const formOf = (group: Parameters<GroupBody>[0]): Form => {
  const all = forms(group)
  return all[group.rank % all.length] as Form
}

async function expectEnd(run: () => unknown, code: ErrorCode, ...parts: readonly (string | RegExp)[]): Promise<void> {
  const { message } = await expectRefusal(run, code, 'the operation')
  for (const part of parts) {
    const found = typeof part === 'string' ? message.includes(part) : part.test(message)
    expectTrue(found, `The error does not say '${part}': ${message}`)
  }
}

/** Cases after which their world is at its end: what a rank is told that counts on others. */
export const endingBodies: Readonly<Record<string, GroupBody>> = {
  'names both operations when ranks bring other lengths': async (group) => {
    if (group.size === 1) return
    const length = group.rank === 0 ? 8 : 9
    await expectEnd(
      () => formOf(group).allReduce(new Float32Array(length), 'sum'),
      'LEVIN_COLLECTIVE',
      /allReduce of [89] elements.*rank \d.*allReduce of [89] elements/,
    )
  },
  'names both operations when ranks call different ones': async (group) => {
    if (group.size === 1) return
    const form = formOf(group)
    const run = () =>
      group.rank === group.size - 1
        ? form.allReduce(new Float32Array(4), 'sum')
        : form.allGather(new Float32Array(4), new Float32Array(4 * group.size))
    await expectEnd(run, 'LEVIN_COLLECTIVE', 'allReduce', 'allGather')
  },
  'a missed deadline ends it everywhere, with the operation and who did not come': async (group) => {
    if (group.size === 1) return
    const late = group.size - 1
    if (group.rank !== late) {
      const run = () => formOf(group).allReduce(new Float32Array(3), 'sum', { deadline: 200 })
      await expectEnd(run, 'LEVIN_TIMEOUT', 'allReduce', `rank ${late}`)
      return
    }
    await pause(1_500)
    await expectEnd(() => group.asynchronous.barrier(), 'LEVIN_TIMEOUT', 'allReduce')
  },
  'abort ends everybody’s operations with its reason, long before their deadline': async (group) => {
    if (group.size === 1 || !group.abort) return
    if (group.rank === 0) {
      await pause(30)
      group.abort('rank 0 failed: no more paper.')
    }
    const run = () => formOf(group).broadcast(new Float32Array(3), 0)
    await expectEnd(run, 'LEVIN_WORKER_LOST', 'no more paper')
  },
  'whoever waits for a rank that has left is told so': async (group) => {
    if (group.size === 1) return
    await group.asynchronous.barrier()
    if (group.rank === 0) {
      await group.destroy()
      return
    }
    await expectEnd(() => formOf(group).barrier(), 'LEVIN_WORKER_LOST', 'rank 0', 'left')
  },
}
