import type { Files } from '@levin/core'

const NEWLINE = 0x0a

/** Bytes of a text in a file. */
export const byteLength = (text: string): number => new TextEncoder().encode(text).length

/** The whole lines at the beginning of a file, and how many bytes they are. */
function wholeLines(content: Uint8Array): { text: string; bytes: number } {
  const bytes = content.lastIndexOf(NEWLINE) + 1
  return { text: new TextDecoder().decode(content.subarray(0, bytes)), bytes }
}

/** The whole lines of a file that somebody else wrote; `''` if there is none. */
export async function readLines(files: Files, path: string): Promise<string> {
  return (await files.exists(path)) ? wholeLines(await files.read(path)).text : ''
}

/**
 * A file of lines that is only ever whole lines: what a crash or a full disk has cut is removed before more is written.
 */
export class LineFile {
  /** Bytes of whole lines. */
  #bytes = 0
  #torn = false

  constructor(
    readonly path: string,
    private readonly files: Files,
  ) {}

  /** Nothing has been written yet. */
  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** An append failed half-way; {@link repair} comes before the next one. */
  get isTorn(): boolean {
    return this.#torn
  }

  /**
   * Opens the file, making it if need be, and returns what it holds.
   *
   * @throws LEVIN_FILES if it cannot be written.
   */
  async open(): Promise<string> {
    this.files.appendSync(this.path, '')
    const content = await this.files.read(this.path)
    const { text, bytes } = wholeLines(content)
    if (bytes < content.length) await this.files.truncate(this.path, bytes)
    this.#bytes = bytes
    return text
  }

  read(): Promise<string> {
    return readLines(this.files, this.path)
  }

  /** Writes whole lines at the end, without waiting: they are there when the process ends the next moment. */
  append(lines: string): void {
    try {
      this.files.appendSync(this.path, lines)
    } catch (error) {
      this.#torn = true
      throw error
    }
    this.#bytes += byteLength(lines)
  }

  /** Removes what an append that failed may have left. */
  async repair(): Promise<void> {
    if (!this.#torn) return
    await this.files.truncate(this.path, this.#bytes)
    this.#torn = false
  }

  /** Replaces all lines. */
  async replace(lines: string): Promise<void> {
    await this.files.write(this.path, lines)
    this.#bytes = byteLength(lines)
    this.#torn = false
  }

  /** Keeps the first `bytes`. */
  async truncate(bytes: number): Promise<void> {
    await this.files.truncate(this.path, bytes)
    this.#bytes = bytes
    this.#torn = false
  }
}
