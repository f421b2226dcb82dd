import type { KernelName } from './kernel-names.js'

// Ops note here what they look for when they are loaded. A bundler leaves out an op that nobody calls, and its note with it.
const wanted = new Set<KernelName>()

/**
 * An op, with the kernels of ours that it looks for: in letters, since bundlers keep what is read from an object. To be called as
 * a constant is made, marked as pure.
 *
 * @example
 * export const silu = /* @__PURE__ *\/ looksFor(['LevinSilu'], (x: Tensor): Tensor => …)
 */
export function looksFor<F>(kernels: readonly KernelName[], op: F): F {
  for (const name of kernels) wanted.add(name)
  return op
}

/**
 * Kernels of ours that the ops of this program look for, as far as it is loaded: what a backend need not load for it, it can leave
 * out. Only ops whose kernels are worth a file of their own are asked: dropout, embedding, layer norm, gated activations,
 * RMSprop and plain gradient descent.
 */
export const wantedKernels = (): ReadonlySet<KernelName> => wanted
