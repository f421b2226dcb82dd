import type { Collectives, ProcessGroup, Strategy, World } from '@levin/core'

/** Seconds that a rank spent in collectives. */
export interface CollectiveTimes {
  /** Until all others had come. */
  waiting: number
  exchange: number
}

/** A strategy whose collectives are timed: before each the ranks meet, so that waiting and moving data are told apart. */
export function timed(strategy: Strategy, times: CollectiveTimes): Strategy {
  const join = strategy.join?.bind(strategy)
  return Object.assign(strategy, {
    join: (world: World) => join?.({ ...world, group: timedGroup(world.group, times) }),
  })
}

function timedGroup(group: ProcessGroup, times: CollectiveTimes): ProcessGroup {
  const { blocking } = group
  if (!blocking) throw new Error('only ranks that block are timed.')
  return {
    rank: group.rank,
    size: group.size,
    traffic: group.traffic,
    asynchronous: group.asynchronous,
    blocking: timedCollectives(blocking, times),
    split: (color, key) => group.split(color, key),
    abort: (reason) => group.abort?.(reason),
    destroy: () => group.destroy(),
  }
}

function timedCollectives(blocking: Collectives, times: CollectiveTimes): Collectives {
  const entries = Object.entries(blocking).map(([name, operation]) => [
    name,
    (...args: never[]) => {
      const called = performance.now()
      blocking.barrier()
      const met = performance.now()
      ;(operation as (...args: never[]) => void)(...args)
      times.waiting += (met - called) / 1000
      times.exchange += (performance.now() - met) / 1000
    },
  ])
  return Object.fromEntries(entries) as Collectives
}
