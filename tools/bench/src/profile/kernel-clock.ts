import { getKernelsForBackend, type KernelConfig, type KernelFunc } from '@tensorflow/tfjs-core'

/** What one kernel took so far. */
export interface KernelTime {
  readonly name: string
  calls: number
  /** Without the kernels that it called itself. */
  milliseconds: number
}

/** Times every kernel of a backend from here on, at the cost of two readings of the clock per call. */
export class KernelClock {
  readonly #times: KernelTime[] = []
  /** Of the kernels that are running, the outer ones first: what those that they called took. */
  readonly #within: number[] = []

  constructor(backend: string) {
    for (const config of getKernelsForBackend(backend)) this.#watch(config)
  }

  /** From the longest to the shortest, without those that were not called. */
  get times(): readonly KernelTime[] {
    return this.#times.filter(({ calls }) => calls > 0).sort((a, b) => b.milliseconds - a.milliseconds)
  }

  reset(): void {
    for (const time of this.#times) Object.assign(time, { calls: 0, milliseconds: 0 })
  }

  #watch(config: KernelConfig): void {
    const { kernelName, kernelFunc } = config
    const time: KernelTime = { name: kernelName, calls: 0, milliseconds: 0 }
    this.#times.push(time)
    const timed: KernelFunc = (call) => {
      const start = performance.now()
      this.#within.push(0)
      try {
        return kernelFunc(call)
      } finally {
        const taken = performance.now() - start
        time.calls++
        time.milliseconds += taken - (this.#within.pop() ?? 0)
        const outer = this.#within.length - 1
        if (outer >= 0) this.#within[outer] = (this.#within[outer] ?? 0) + taken
      }
    }
    config.kernelFunc = timed
  }
}
