// Which kernel runs in this thread, and what it has taken hold of. Kernels run one at a time, one within the other, so a
// few variables of the module do: an error can name the kernel, and a kernel that throws leaves nothing behind.
import type { KernelFunc } from '@tensorflow/tfjs-core'

let running: string | undefined
/** The data that the running kernels made or now share, once for each reference. */
const taken: object[] = []

/** The innermost kernel that runs; `undefined` outside of kernels, as in an upload. */
export const runningKernel = (): string | undefined => running

/** A reference was made: data was allocated, or is shared by one more. */
export function noteTaken(dataId: object): void {
  if (running !== undefined) taken.push(dataId)
}

/** A reference was given up. Outside of kernels the list is empty. */
export function noteReleased(dataId: object): void {
  if (taken.length === 0) return
  const index = taken.lastIndexOf(dataId)
  if (index >= 0) taken.splice(index, 1)
}

/**
 * A kernel under watch, at the cost of some 20 nanoseconds a call: if it throws, `giveBack` gets what it had taken, the
 * latest first, and its answer is thrown.
 */
export function watchKernel(
  name: string,
  kernel: KernelFunc,
  giveBack: (backend: unknown, dataIds: readonly object[], error: unknown) => unknown,
): KernelFunc {
  return (call) => {
    const outer = running
    const before = taken.length
    running = name
    try {
      return kernel(call)
    } catch (error) {
      throw giveBack(call.backend, taken.splice(before).reverse(), error)
    } finally {
      running = outer
      if (outer === undefined) taken.length = 0
    }
  }
}
