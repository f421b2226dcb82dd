import { type Files, LevinError } from '@levin/core'

/** {@link Files} in memory, for tests of loggers and callbacks. Folders are made as files need them. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, Uint8Array>()
  readonly #folders = new Set<string>()
  /** Set it to make every write fail, as on a full disk. */
  failure: Error | undefined

  /** The text of a file. */
  text(path: string): string {
    return new TextDecoder().decode(this.#require(path))
  }

  /** Paths of all files. */
  paths(): string[] {
    return [...this.#files.keys()]
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#require(path).slice()
  }

  async write(path: string, data: Uint8Array | string): Promise<void> {
    this.#check(path)
    this.#files.set(this.absolute(path), bytes(data))
  }

  appendSync(path: string, data: string): void {
    this.#check(path)
    const before = this.#files.get(this.absolute(path)) ?? new Uint8Array()
    const added = bytes(data)
    const joined = new Uint8Array(before.length + added.length)
    joined.set(before)
    joined.set(added, before.length)
    this.#files.set(this.absolute(path), joined)
  }

  async truncate(path: string, length: number): Promise<void> {
    this.#check(path)
    this.#files.set(this.absolute(path), this.#require(path).slice(0, length))
  }

  async size(path: string): Promise<number | undefined> {
    return this.#files.get(this.absolute(path))?.length
  }

  async list(path: string): Promise<string[]> {
    const prefix = `${this.absolute(path)}/`
    const within = [...this.#files.keys(), ...this.#folders].filter((name) => name.startsWith(prefix))
    return [...new Set(within.map((name) => name.slice(prefix.length).split('/')[0] as string))]
  }

  async makeFolder(path: string): Promise<boolean> {
    this.#check(path)
    const folder = this.absolute(path)
    if (this.#folders.has(folder)) return false
    const parts = folder.split('/')
    for (let i = 2; i <= parts.length; i++) this.#folders.add(parts.slice(0, i).join('/'))
    return true
  }

  async exists(path: string): Promise<boolean> {
    const name = this.absolute(path)
    return this.#files.has(name) || this.#folders.has(name) || (await this.list(path)).length > 0
  }

  absolute(path: string): string {
    const parts: string[] = []
    for (const part of path.split('/')) {
      if (part === '..') parts.pop()
      else if (part && part !== '.') parts.push(part)
    }
    return `/${parts.join('/')}`
  }

  #require(path: string): Uint8Array {
    const file = this.#files.get(this.absolute(path))
    if (file) return file
    throw new LevinError('LEVIN_FILES', { message: `Cannot read '${path}': there is no such file.` })
  }

  #check(path: string): void {
    if (!this.failure) return
    throw new LevinError('LEVIN_FILES', {
      message: `Cannot write '${path}': ${this.failure.message}.`,
      cause: this.failure,
    })
  }
}

const bytes = (data: Uint8Array | string): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : data.slice()
