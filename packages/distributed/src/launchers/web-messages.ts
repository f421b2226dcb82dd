import type { SharedArena } from '../shared/arena.js'
import type { RankReport } from './run-rank.js'

/** What a web worker gets to start with. */
export interface WebStart {
  /** Absent: the rank is alone, and needs no shared memory. */
  readonly arena: SharedArena | undefined
  readonly rank: number
  readonly input: unknown
  readonly deadline: number | undefined
}

/** What a web worker says to the page. */
export type WebReport =
  /** Its file has called `serve`. `lock`: a lock that it holds as long as it lives, where there are locks. */
  { readonly type: 'ready'; readonly lock: string | undefined } | RankReport

/** What the page says to a web worker. */
export type WebOrder =
  | { readonly type: 'start'; readonly start: WebStart }
  | { readonly type: 'message'; readonly message: unknown }

// Worker and page may have messages of their own: ours are the objects with this key.
const KEY = 'levin'

export const wrap = (message: WebReport | WebOrder): unknown => ({ [KEY]: message })

export function unwrap<M extends WebReport | WebOrder>(event: object): M | undefined {
  const { data } = event as { data?: unknown }
  return typeof data === 'object' && data !== null ? (data as Record<string, M>)[KEY] : undefined
}
