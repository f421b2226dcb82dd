import type { Strategy } from '@levin/core'

/** What ranks need to come to one result. */
export type Ranks = Pick<Strategy, 'rank' | 'dataShard' | 'gather' | 'broadcast'>

/** Errors that every rank has: nobody needs to be told. */
const shared = new WeakSet<object>()

/** Whether an error was thrown on all ranks, at the same place. */
export const isShared = (error: unknown): boolean => typeof error === 'object' && error !== null && shared.has(error)

/** Notes that all ranks throw an error. */
export const share = (error: object): unknown => shared.add(error)
