import type { Tensor } from '@tensorflow/tfjs-core'

/** A piece of work; what is 0 of operations and bytes is not what its time is compared with. */
export interface Work {
  readonly name: string
  readonly flops: number
  readonly bytes: number
  readonly run: () => Tensor | Tensor[]
  /** Whether stock tfjs has a kernel for it. */
  readonly stock: boolean
}

/** What a call does per second, in words. */
export function rateOf({ flops, bytes }: Work, ms: number): string {
  if (flops > 0) return ` (${(flops / ms / 1e6).toFixed(1)} GFLOP/s)`
  return bytes > 0 ? ` (${(bytes / ms / 1e6).toFixed(1)} GB/s)` : ''
}
