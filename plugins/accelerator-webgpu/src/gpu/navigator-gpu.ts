/**
 * Calls `f` while `navigator.gpu` is there, as tfjs's backend wants it when it is made.
 *
 * Only as long: where it stays, tfjs's package takes the process for one that has WebGPU of its own, and so does everybody
 * else.
 */
export function withNavigatorGpu<T>(gpu: GPU, f: () => T): T {
  const scope = globalThis as { navigator?: { gpu?: GPU } }
  const { navigator } = scope
  if (navigator?.gpu) return f()
  if (navigator) {
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true })
    try {
      return f()
    } finally {
      delete navigator.gpu
    }
  }
  // Node 20 has no navigator at all.
  Object.defineProperty(scope, 'navigator', { value: { gpu }, configurable: true })
  try {
    return f()
  } finally {
    delete scope.navigator
  }
}
