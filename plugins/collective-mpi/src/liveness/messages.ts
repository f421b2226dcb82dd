import type { Departure, Failure, Progress } from './world-state.js'

/** Where rank 0's watcher listens. */
export interface Meeting {
  readonly addresses: readonly string[]
  readonly port: number
  /** Known to the processes of this job alone. */
  readonly token: string
}

/** A deadline that a rank missed, for the hub to find out who did not come. */
export interface Late {
  readonly group: number
  /** The members of the group, as ranks of the world. */
  readonly members: readonly number[]
  readonly sequence: number
  /** Who waited. */
  readonly rank: number
  /** A sentence without its end: whom it waited for. */
  readonly text: string
}

/** Between watchers of different processes. */
export type WireMessage =
  | { readonly type: 'hello'; readonly token: string; readonly rank: number; readonly process: string }
  | { readonly type: 'welcome' }
  | { readonly type: 'chosen' }
  | { readonly type: 'beat' }
  | { readonly type: 'fail'; readonly failure: Failure }
  | { readonly type: 'left'; readonly departures: readonly Departure[] }
  | { readonly type: 'late'; readonly late: Late }
  | { readonly type: 'where' }
  | { readonly type: 'here'; readonly progress: readonly Progress[] }
  | { readonly type: 'bye' }

/** From a process's main thread to its watcher; `request` is counted up, and answered in the shared state. */
export type Order =
  | { readonly type: 'listen'; readonly size: number; readonly oneHost: boolean; readonly token: string }
  | { readonly type: 'join'; readonly meeting: Meeting; readonly rank: number }
  | { readonly type: 'fail'; readonly failure: Failure; readonly request: number }
  | { readonly type: 'left'; readonly departure: Departure }
  | { readonly type: 'late'; readonly late: Late }
  | { readonly type: 'bye'; readonly request: number }

/** From the watcher to its process's main thread. */
export type Report =
  | { readonly type: 'listening'; readonly meeting: Meeting }
  | { readonly type: 'complete' }
  | { readonly type: 'joined' }
  | { readonly type: 'unreachable'; readonly reason: string }

/** What a watcher is started with. */
export interface WatcherData {
  readonly state: SharedArrayBuffer
  readonly rank: number
  /** Milliseconds without a sign of life after which a rank counts as lost. */
  readonly silence: number
  /** The address of its host at which rank 0 listens. Default: all that lead outside. */
  readonly address: string | undefined
  /** Whether a launcher of MPI started this process, which is to end with it. */
  readonly hasLauncher: boolean
}
