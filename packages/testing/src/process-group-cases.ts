import type { ProcessGroup } from '@levin/core'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { collectiveBodies } from './process-group/collective-bodies.js'
import { endingBodies } from './process-group/ending-bodies.js'
import { orderBodies } from './process-group/order-bodies.js'
import { pairBodies } from './process-group/pair-bodies.js'

export interface ProcessGroupHarness extends KnownFailures {
  /** Worlds to test, such as [1, 2, 3, 4]. */
  readonly worldSizes: readonly number[]
  /** Worlds for the cases that end with their world, where it is dear to make another. Default: all. */
  readonly endingWorldSizes?: readonly number[]
  /** Whether any two ranks may exchange messages, and any be a group. Default: they may. */
  readonly pairs?: boolean
  /**
   * Runs `processGroupBodies[name](group)` on every rank of a new world, wherever its ranks live, and rejects if it does
   * on any of them. Names travel to workers; functions would not.
   */
  launch(name: string, worldSize: number): Promise<void>
}

/** What each rank does in a case, by name: for workers that are told the name. */
export const processGroupBodies: Readonly<Record<string, (group: ProcessGroup) => Promise<void>>> = {
  ...collectiveBodies,
  ...pairBodies,
  ...orderBodies,
  ...endingBodies,
}

/** Whether a case leaves its world at an end: nothing more can be done in it. */
export const endsItsWorld = (name: string): boolean => Object.hasOwn(endingBodies, name)

/** Every collective against a serial reference, in worlds of every size that the harness names. */
export function processGroupCases(harness: ProcessGroupHarness): ConformanceCase[] {
  const { worldSizes, endingWorldSizes = worldSizes, pairs = true, launch } = harness
  const names = Object.keys(processGroupBodies).filter((name) => pairs || !Object.hasOwn(pairBodies, name))
  const cases = names.flatMap((name) =>
    (endsItsWorld(name) ? endingWorldSizes : worldSizes).map(
      (size) => [`${name}, ${size} ranks`, () => launch.call(harness, name, size)] as const,
    ),
  )
  return conformanceCases(Object.fromEntries(cases), harness)
}
