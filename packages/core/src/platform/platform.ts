/** Files as runs need them. Paths use `/`; folders are made when something is written into them. */
export interface Files {
  read(path: string): Promise<Uint8Array>
  /** Replaces the file at once: whoever reads sees the old one or the new one, also after a crash of the process. */
  write(path: string, data: Uint8Array | string): Promise<void>
  /** Waits for nothing: rows of a log that must not be lost when the process ends. */
  appendSync(path: string, data: string): void
  /** Cuts a file to `length` bytes. */
  truncate(path: string, length: number): Promise<void>
  size(path: string): Promise<number | undefined>
  /** Names within a folder; `[]` if there is none. */
  list(path: string): Promise<string[]>
  /** Makes a folder with its parents. Returns whether it was new. */
  makeFolder(path: string): Promise<boolean>
  exists(path: string): Promise<boolean>
  absolute(path: string): string
}

/** Where a person reads along. */
export interface Terminal {
  /** Whether lines can be rewritten in place. */
  readonly interactive: boolean
  /** Columns; 80 where unknown. */
  columns(): number
  /** Whether colour is wanted (`NO_COLOR`, `FORCE_COLOR`, the terminal itself). */
  readonly color: boolean
  write(text: string): void
}

export type Signal = 'SIGINT' | 'SIGTERM'

/** A Platform is what a run needs of the world around it. Whatever a platform lacks is absent, and asked for by name. */
export interface Platform {
  readonly name: 'node' | 'browser' | (string & {})
  /** `v20`: part of what bit-for-bit resumption depends on. */
  readonly runtime: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly files: Files | undefined
  readonly terminal: Terminal | undefined
  /** Milliseconds, never going back. */
  now(): number
  /**
   * Resolves in another turn of the event loop, once timers, signals and messages that wait have had theirs. A run that
   * waits for nothing else would keep them out until its end.
   */
  nextTurn(): Promise<void>
  /** Calls `listener` instead of ending the process. Returns the function that undoes it. Absent: no signals here. */
  onSignal?(signal: Signal, listener: () => void): () => void
  /** Logical processors. */
  readonly processors: number
}
