import { LevinError } from '@levin/core'
import { HEADER, LINE, layoutOf } from './layout.js'

/** The memory that the ranks of one process share. Plain data: it travels to workers in a message. */
export interface SharedArena {
  readonly memory: WebAssembly.Memory
  readonly worldSize: number
}

const PAGE = 65_536

/**
 * Memory for a world of `worldSize` ranks in one process. It grows as groups are split off.
 *
 * @throws LEVIN_UNAVAILABLE in pages that are not cross-origin isolated, which have no shared memory
 */
export function createArena(worldSize: number): SharedArena {
  if (!Number.isInteger(worldSize) || worldSize < 1) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: 'An arena needs ranks.',
      expected: 'a whole number from 1',
      found: String(worldSize),
    })
  }
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: 'There is no shared memory here, which several workers need.',
      remedy:
        'Serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or use one worker.',
    })
  }
  const bytes = HEADER.bytes + layoutOf(HEADER.bytes, worldSize).bytes
  // Reserved addresses, not memory: pages are taken as they are touched.
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: 65_536, shared: true })
  new Int32Array(memory.buffer)[HEADER.top] = Math.ceil(bytes / LINE)
  return { memory, worldSize }
}

/** Takes a block of memory, and gives the byte at which it begins. Any rank may, at any time. */
export function takeBlock({ memory }: SharedArena, bytes: number): number {
  const lines = Math.ceil(bytes / LINE)
  return locked(memory, (words) => {
    for (let i = 0; i < (words[HEADER.freeCount] as number); i++) {
      const entry = HEADER.freeList + 2 * i
      if (words[entry + 1] === lines) {
        const first = words[entry] as number
        removeFree(words, i)
        return first * LINE
      }
    }
    const first = words[HEADER.top] as number
    grow(memory, (first + lines) * LINE)
    words[HEADER.top] = first + lines
    return first * LINE
  })
}

/** Gives a block back, for the next that is as large. Groups of one size come and go; others are few. */
export function returnBlock({ memory }: SharedArena, base: number, bytes: number): void {
  locked(memory, (words) => {
    const count = words[HEADER.freeCount] as number
    if (count === HEADER.freeMost) return
    words[HEADER.freeList + 2 * count] = base / LINE
    words[HEADER.freeList + 2 * count + 1] = Math.ceil(bytes / LINE)
    words[HEADER.freeCount] = count + 1
  })
}

function removeFree(words: Int32Array, index: number): void {
  const last = (words[HEADER.freeCount] as number) - 1
  for (const word of [0, 1]) {
    words[HEADER.freeList + 2 * index + word] = words[HEADER.freeList + 2 * last + word] as number
  }
  words[HEADER.freeCount] = last
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE)
  if (missing <= 0) return
  try {
    memory.grow(missing)
  } catch (cause) {
    throw new LevinError('LEVIN_OUT_OF_MEMORY', {
      message: `The memory that workers share cannot grow to ${bytes} bytes for another group.`,
      remedy: 'Destroy groups that are no longer used, or split fewer at a time.',
      cause,
    })
  }
}

/**
 * Held for some microseconds, by ranks that split a group: who finds it taken asks again. One that was ended while it held
 * it never gives it back: then the world has failed, or is about to.
 */
function locked<T>(memory: WebAssembly.Memory, run: (words: Int32Array) => T): T {
  const words = new Int32Array(memory.buffer)
  while (Atomics.compareExchange(words, HEADER.lock, 0, 1) !== 0) {
    if (Atomics.load(words, HEADER.failure) === 0) continue
    throw new LevinError('LEVIN_WORKER_LOST', {
      message: 'A group cannot be split or destroyed: the world has ended.',
      remedy: 'Look at the error of the rank that failed first.',
    })
  }
  try {
    return run(words)
  } finally {
    Atomics.store(words, HEADER.lock, 0)
  }
}
