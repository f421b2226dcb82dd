import type { Recipe } from '../plugin.js'
import type { RankDescription } from './process-group.js'
import type { World } from './world.js'

/** A web worker as whoever started it sees it: what `new Worker(…)` gives in a browser. */
export interface StartedWorker {
  postMessage(message: unknown): void
  terminate(): void
  addEventListener(type: string, listener: (event: object) => void): void
}

/**
 * Starts a worker whose file calls `serve(run)`. It is the caller's code, since bundlers look for this very form:
 *
 * @example
 * () => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })
 */
export type StartWorker = () => StartedWorker

/** What is to be run on every rank. */
export interface LaunchRequest {
  /**
   * Module that every rank imports; its export `serveRank` is a {@link RankProgram}. Or, for launchers that have
   * {@link Launcher.serve}, what starts a worker that has its program already; it is called once for every rank.
   */
  readonly program: URL | StartWorker
  /** Handed to the program. Plain data. */
  readonly input: unknown
  /** Ranks to start. */
  readonly worldSize: number
  /**
   * Where this process stands among others that somebody else has started and that launch ranks too: the first rank of each
   * connects by {@link collective}, and all are one world. Absent: the ranks are all there are. Launchers of processes refuse it.
   */
  readonly among?: RankDescription | undefined
  /** Further modules that a rank imports, for the launcher to see what their loading takes: TypeScript needs a loader. */
  readonly modules: readonly URL[]
  /** What ranks that are processes talk by. Default: the registered collective of highest priority. */
  readonly collective?: Recipe | undefined
  /** Milliseconds that a collective may take. Default: that of the launcher's process group. */
  readonly deadline?: number | undefined
  /** What the program of a rank sent. */
  onMessage(rank: number, message: unknown): void
  /** A line that a rank wrote to its own output; `undefined`: the command that started the ranks, such as `mpirun`. */
  onOutput(rank: number | undefined, line: string, stream: 'stdout' | 'stderr'): void
}

/** Ranks that were started. */
export interface LaunchedRanks {
  /**
   * What the program of each rank came to, by rank. Settles when every rank has ended.
   *
   * @throws the first failure: LEVIN_WORKER_LOST naming the rank that died, or what the program of a rank threw
   */
  readonly results: Promise<readonly unknown[]>
  /** Sends plain data to the program of every rank. */
  send(message: unknown): void
  /**
   * Ends all ranks, or one of them, whatever they do. Resolves when they are gone.
   *
   * @param rank Default: all
   */
  end(rank?: number): Promise<void>
}

/** What the program of a rank gets. */
export interface RankContext {
  readonly world: World
  readonly input: unknown
  /** Sends plain data to whoever launched the ranks. */
  send(message: unknown): void
  /** Calls `listener` for what was sent to the ranks; what came before the first listener is kept for it. */
  onMessage(listener: (message: unknown) => void): void
}

export type RankProgram = (context: RankContext) => Promise<unknown>

/**
 * A Launcher starts the ranks of a run, each in a thread or a process of its own, and watches them: a rank that dies ends the
 * others within a second, and none outlives the program that launched them.
 */
export interface Launcher {
  readonly name: string
  /** Native backends do not survive worker threads: they need a launcher of processes. */
  readonly ranksAre: 'threads' | 'processes'
  /** Most ranks it can start. Default: no limit. */
  readonly maxRanks?: number
  launch(request: LaunchRequest): LaunchedRanks
  /**
   * The other half of a {@link StartWorker}: called by the worker's file, it runs `program` for whoever started the worker.
   * Absent: ranks of this launcher import their program by its URL.
   *
   * @throws LEVIN_NOT_SUPPORTED where this is no worker
   */
  serve?(program: RankProgram): void
}
