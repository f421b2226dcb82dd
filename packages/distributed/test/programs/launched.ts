/** What launched ranks do in tests: each as its input says. */

import { isMainThread, threadId } from 'node:worker_threads'
import type { RankContext } from '@levin/core'

export interface LaunchedInput {
  readonly act: 'sum' | 'print' | 'throw' | 'exit' | 'uncaught' | 'busy' | 'away' | 'listen' | 'unclonable' | 'wait'
  /** The rank that goes wrong. */
  readonly at?: number
}

export async function serveRank({ world, input, send, onMessage }: RankContext): Promise<unknown> {
  const { act, at } = input as LaunchedInput
  const { globalRank, worldSize } = world.rank
  const isIt = globalRank === at
  const barrier = () => world.group.blocking?.barrier()
  if (act === 'sum') {
    const values = Float32Array.of(globalRank + 1, 1)
    world.group.blocking?.allReduce(values, 'sum')
    return { values, rank: world.rank, pid: process.pid, thread: isMainThread ? 0 : threadId }
  }
  if (act === 'print') {
    console.log(`out ${globalRank}`)
    console.error(`err ${globalRank}`)
    for (let i = 0; i < 2000; i++) process.stdout.write(`line ${i}\n`)
    process.stdout.write('no end')
    return undefined
  }
  if (act === 'listen') {
    send({ rank: globalRank, ready: true })
    return new Promise((resolve) => onMessage((message) => resolve([message, worldSize])))
  }
  if (act === 'unclonable') return () => 'a function'
  if (act === 'wait') {
    send({ pid: process.pid })
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }
  // Ranks start when they can: from here on they are together.
  world.group.blocking?.barrier({ deadline: 60_000 })
  if (isIt && act === 'throw') throw Object.assign(new RangeError('out of range'), { code: 'MY_CODE' })
  if (isIt && act === 'exit') process.exit(7)
  if (isIt && act === 'uncaught') {
    setTimeout(() => {
      throw new Error('missing')
    }, 0)
    await new Promise(() => {})
  }
  if (isIt && act === 'busy') {
    send({ pid: process.pid })
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (;;) Math.random()
  }
  if (isIt && act === 'away') await new Promise(() => setInterval(() => {}, 1000))
  barrier()
  return 'met'
}
