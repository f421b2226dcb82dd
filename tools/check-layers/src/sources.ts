import type ts from 'typescript'
import { parse } from './imports.js'

/** Sources are parsed once: several rules read them. */
export class Sources {
  readonly #parsed = new Map<string, ts.SourceFile>()

  get(path: string): ts.SourceFile {
    const known = this.#parsed.get(path) ?? parse(path)
    this.#parsed.set(path, known)
    return known
  }
}
