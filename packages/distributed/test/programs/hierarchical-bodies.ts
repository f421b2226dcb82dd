import { LevinError, type ProcessGroup } from '@levin/core'

type Body = (group: ProcessGroup) => Promise<void>

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
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

/** What is particular to two processes of two ranks: which ways there are, and which there are not. */
export const hierarchicalBodies: Readonly<Record<string, Body>> = {
  'messages go within a process, and between the first ranks': async ({ asynchronous, rank }) => {
    for (const [from, to] of [
      [0, 1],
      [3, 2],
      [0, 2],
      [2, 0],
    ] as const) {
      const data = Float32Array.of(10 * from + to)
      if (rank === from) await asynchronous.send(data, to)
      if (rank !== to) continue
      const target = new Float32Array(1)
      await asynchronous.receive(target, from)
      expect(target[0] === data[0], `from ${from} to ${to} came ${target[0]}`)
    }
    const peer = [3, 3, 1, 0][rank] as number
    const { code, message } = await codeOf(() => asynchronous.send(new Float32Array(1), peer))
    expect(code === 'LEVIN_NOT_SUPPORTED' && message.includes('first ranks'), `gave ${code}: ${message}`)
    await asynchronous.barrier()
  },
  'groups are within processes, or have the first ranks': async (group) => {
    const process = await group.split(group.rank < 2 ? 7 : 8)
    expect(process.size === 2 && process.rank === group.rank % 2, `${process.rank} of ${process.size}`)
    const count = Int32Array.of(1)
    await process.asynchronous.allReduce(count, 'sum')
    expect(count[0] === 2, `a process has ${count[0]} ranks`)
    const most = await group.split(group.rank === 3 ? 1 : 0)
    const sum = Int32Array.of(group.rank)
    await most.asynchronous.allReduce(sum, 'sum')
    expect(sum[0] === 3, `the sum is ${sum[0]}`)
    const { code, message } = await codeOf(() => group.split(group.rank % 2))
    expect(code === 'LEVIN_NOT_SUPPORTED' && message.includes('1, 3'), `gave ${code}: ${message}`)
    await most.destroy()
    await process.destroy()
    await group.asynchronous.barrier()
  },
  'a second rank that gives up ends all processes': async (group) => {
    await group.asynchronous.barrier()
    if (group.rank === 3) group.abort?.('rank 3 failed: no more paper.')
    const { code, message } = await codeOf(async () => {
      for (;;) await group.asynchronous.allReduce(new Float32Array(2), 'sum')
    })
    expect(code === 'LEVIN_WORKER_LOST' && message.includes('no more paper'), `gave ${code}: ${message}`)
  },
}
