// Heaps as tests want them.
import { asWasmBackend, heapMemory } from '../src/wasm-backend.js'

const filled = new WeakSet<object>()

/** Takes the first 2 GiB of a backend's heap, so that the addresses of all further tensors need the 32nd bit. */
export function fillLowerHalf(backend: unknown): void {
  const target = asWasmBackend(backend)
  if (filled.has(target)) return
  filled.add(target)
  // Never written to: the system gives no memory for it.
  if (target.wasm._malloc(2 ** 31) === 0) throw new Error('Expected a heap that can grow beyond 2 GiB.')
}

/** Takes whatever is free, so that the next allocation grows the heap. Returns what gives it back, once. */
export function exhaustHeap(backend: unknown): () => void {
  const { wasm } = asWasmBackend(backend)
  const allowGrowth = denyGrowth(backend)
  const ballast: number[] = []
  for (const size of [2 ** 26, 2 ** 20, 2 ** 14, 2 ** 8, 8]) {
    for (let address = wasm._malloc(size); address !== 0; address = wasm._malloc(size)) ballast.push(address)
  }
  allowGrowth()
  return () => {
    for (const address of ballast.splice(0)) wasm._free(address)
  }
}

/**
 * Leaves `bytes` of a backend's heap, in one piece, and lets it grow no further, as an engine does that has no more memory.
 * Returns what undoes it, once.
 */
export function makeHeapScarce(backend: unknown, bytes: number): () => void {
  const { wasm } = asWasmBackend(backend)
  const room = wasm._malloc(bytes)
  const giveBack = exhaustHeap(backend)
  const allowGrowth = denyGrowth(backend)
  wasm._free(room)
  return () => {
    allowGrowth()
    giveBack()
  }
}

function denyGrowth(backend: unknown): () => void {
  const memory = heapMemory(asWasmBackend(backend))
  memory.grow = () => {
    throw new RangeError('This heap grows no further.')
  }
  return () => void Reflect.deleteProperty(memory, 'grow')
}
