import type { World } from '../world.js'
import type { Task } from './task.js'

/** Looks at the clock after so many turns: it costs half as much as a turn. */
const TURNS = 16
/** The shortest sleep that is one, in milliseconds: timers of the system are late by as much. */
const NAP = 0.05
/** The longest sleeps: data only move while they are looked after, and ranks that are late are so by more. */
const LONGEST = { data: 0.1, peers: 1 } as const

/**
 * Brings an operation to its end without an event loop: looks for a while, then sleeps a tenth of the time that nothing has
 * moved. A failure of the world ends the sleep.
 */
export function finishBlocking(world: World, task: Task): void {
  const { state, requests, poller } = world
  let completed = -1
  let moved = 0
  for (let turn = 0; ; turn++) {
    const now = turn % TURNS === 0 ? performance.now() : undefined
    if (task.step(now)) return
    if (now === undefined) continue
    if (requests.completed !== completed) {
      completed = requests.completed
      moved = now
    }
    const idle = now - moved
    if (idle < world.spin) continue
    // Messages under way, which the awaited rank may be waiting for.
    poller.turn()
    state.sleep(Math.min(LONGEST[task.stage], Math.max(NAP, idle / 10)))
  }
}
