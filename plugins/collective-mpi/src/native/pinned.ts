import { type Elements, LevinError } from '@levin/core'
import type { Koffi } from './koffi.js'

/** Memory of our own that native code writes to: off the collector's heap, and reachable as long as this is. */
export class PinnedWords {
  readonly words: Int32Array
  readonly address: number

  constructor(koffi: Koffi, count: number) {
    // A buffer made first: small typed arrays begin their life on the collector's heap, where they move.
    this.words = new Int32Array(new ArrayBuffer(4 * count))
    this.address = Number(koffi.address(this.words))
  }
}

/**
 * A buffer of the caller's whose address is taken once. Views of a WebAssembly memory keep their place while they are in use,
 * but one of a memory that is not shared has no elements any more once that memory grows: asked before and after.
 */
export class PinnedView {
  readonly view: Elements
  readonly length: number
  readonly #operation: string
  readonly #koffi: Koffi

  constructor(koffi: Koffi, operation: string, view: Elements) {
    this.view = view
    this.length = view.length
    this.#operation = operation
    this.#koffi = koffi
    if (view.length === 0 && isDetached(view)) throw this.#changed('was gone before the operation began')
  }

  /** Where it lies. */
  get address(): number {
    this.requireUnchanged()
    return Number(this.#koffi.address(this.view))
  }

  /** @throws LEVIN_SHAPE if it lost its elements meanwhile */
  requireUnchanged(): void {
    if (this.view.length !== this.length)
      throw this.#changed(`had ${this.length} elements, and now has ${this.view.length}`)
  }

  #changed(what: string): LevinError {
    return new LevinError('LEVIN_SHAPE', {
      message: `A buffer of ${this.#operation}() ${what}: its memory grew or was transferred.`,
      remedy: 'Let no heap grow while a collective is under way, and make views anew after it has grown.',
    })
  }
}

function isDetached({ buffer, byteOffset }: Elements): boolean {
  if (byteOffset !== 0 || buffer.byteLength !== 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
