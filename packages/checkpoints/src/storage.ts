/** Bytes that come piece by piece. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file that is being written. Until {@link close} resolves, nobody may rely on it. */
export interface WriteHandle {
  /** Takes the bytes before it resolves: the array may be used again then. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the bytes would survive a loss of power, where the platform can promise that. */
  close(): Promise<void>
  /** Gives up. The file may stay behind cut short. */
  abort(): Promise<void>
}

/**
 * A Storage is a place for files: a disk, OPFS, IndexedDB, memory, an object store. Paths use `/`; folders hold names.
 * Errors of the medium (full, forbidden) reject with `LEVIN_FILES`; something that is not there is no error unless said.
 */
export interface Storage {
  readonly name: string
  /** The one form of a path under which this storage knows it: `/` between names, none at the end. */
  absolute(path: string): string
  kind(path: string): Promise<'file' | 'folder' | undefined>
  /** Bytes of a file; `undefined` if there is none. */
  size(file: string): Promise<number | undefined>
  /** Names within a folder; `[]` if there is none. */
  list(folder: string): Promise<string[]>
  /** Makes a folder and those above it. */
  makeFolder(folder: string): Promise<void>
  /** Begins a file, replacing one that is there. Its folder exists. */
  create(file: string): Promise<WriteHandle>
  /** Exactly `length` bytes from `start`; fewer only where the file ends. Rejects if there is no file. */
  read(file: string, start: number, length: number): Promise<Uint8Array>
  /** Writes a file that a reader sees whole: the old bytes or the new ones, never a part. Its folder exists. */
  replace(file: string, chunks: Chunks): Promise<void>
  /**
   * Gives a file or a folder another name. Rejects if `from` is not there or `to` is.
   *
   * @param last Where a folder cannot be moved at once it is copied; the file of this name is copied last.
   */
  move(from: string, to: string, last: string): Promise<void>
  /** Removes a file, or a folder with all it holds. */
  remove(path: string): Promise<void>
  /** When a file, or any file of a folder, was last written: milliseconds since 1970. */
  modifiedAt(path: string): Promise<number | undefined>
  /** Lets one writer at a time change what belongs to a path. Absent: `move` is one step, so that writers may meet. */
  exclusively?(path: string, action: () => Promise<void>): Promise<void>
  /** Names who writes here now, in letters and digits: part of temporary names. Absent: writers cannot be told apart. */
  readonly writer?: string
  /** Whether the writer of that name has ended for certain. */
  hasEnded?(writer: string): boolean
}
