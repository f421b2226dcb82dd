import { HeapAccount } from './heap-account.js'
import { OutOfMemoryError } from './out-of-memory.js'
import { runningKernel } from './running-kernel.js'

/** What the backend lets its heap grow to, in bytes: one page less than 4 GiB. */
export const heapLimitBytes = 65_535 * 65_536

/** Left to tfjs's own kernels at the end of a full heap: without memory for themselves they abort, or go on regardless. */
const RESERVED = 2 ** 24
const CEILING = heapLimitBytes - RESERVED

/** The allocator of a heap, as the backend's module exports it: addresses may come negative, and are 0 without memory. */
interface Allocator {
  readonly memory: WebAssembly.Memory
  malloc(bytes: number): number
  free(address: number): void
}

/** The heap of one backend: gives memory that is there, or says why not. */
export class Heap {
  readonly account = new HeapAccount()
  readonly #allocator: Allocator

  constructor(allocator: Allocator) {
    this.#allocator = allocator
  }

  /** Its size now. A wasm heap never shrinks. */
  get bytes(): number {
    return this.#allocator.memory.buffer.byteLength
  }

  /** Takes memory from the backend's own allocator; the heap grows if it must. 0 where there is none: {@link outOfMemory}. */
  take(bytes: number): number {
    // The allocator would see a larger number modulo 4 GiB.
    const address = bytes > CEILING ? 0 : this.#malloc(bytes)
    return address === 0 || address + bytes <= CEILING ? address : this.#takeElsewhere(bytes, address)
  }

  free(address: number): void {
    this.#allocator.free(address)
  }

  /** What tfjs has compiled aborts when it gets no memory: returns the error for that, and any other as it is. */
  explain(error: unknown): unknown {
    const { name, message } = error as Partial<Error>
    if (name !== 'RuntimeError' || !message?.startsWith('Aborted')) return error
    // Not every abort is for want of memory: is there some?
    const spare = this.#malloc(RESERVED)
    this.free(spare)
    const isThere = spare !== 0 && spare + RESERVED <= heapLimitBytes
    return isThere ? error : this.outOfMemory(RESERVED, 'for tfjs itself', error)
  }

  /** @param purpose what the memory was for */
  outOfMemory(bytes: number, purpose: string, cause?: unknown): OutOfMemoryError {
    const { tensorBytes, workspaceBytes } = this.account
    const kernel = runningKernel()
    const failed = {
      purpose: `${purpose}, ${kernel === undefined ? 'an upload' : `in the kernel ${kernel}`}`,
      bytes,
      heapBytes: this.bytes,
      limitBytes: heapLimitBytes,
      tensorBytes,
      workspaceBytes,
    }
    return new OutOfMemoryError(failed, cause === undefined ? undefined : { cause })
  }

  #malloc(bytes: number): number {
    return this.#allocator.malloc(bytes) >>> 0
  }

  /**
   * The allocator (emmalloc, of emscripten) adds address and size in 32 bits. Close to 4 GiB the sum passes zero, and it
   * gives a piece that is too small. Such pieces, and those in the reserve, are held until it finds a better one, or none.
   */
  #takeElsewhere(bytes: number, address: number): number {
    const held: number[] = []
    let next = address
    while (next + bytes > CEILING) {
      held.push(next)
      next = this.#malloc(bytes)
    }
    for (const piece of held) this.free(piece)
    return next
  }
}
