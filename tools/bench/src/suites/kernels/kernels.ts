/** A kernel and its sizes. Those that are marked run forward and backward; the gradient that goes in is a constant. */
export type Kernel =
  | { readonly kind: 'matmul'; readonly size: number; readonly transposeA: boolean; readonly transposeB: boolean }
  | {
      /** 3 × 3, padded to the same size. */
      readonly kind: 'convolution'
      readonly direction: 'forward' | 'filter' | 'input'
      readonly batch: number
      readonly size: number
      readonly inputs: number
      readonly outputs: number
    }
  | { readonly kind: 'unary'; readonly op: 'exp' | 'tanh' | 'sigmoid' | 'gelu'; readonly count: number }
  | { readonly kind: 'softmax'; readonly rows: number; readonly width: number }
  | { readonly kind: 'sum'; readonly rows: number; readonly width: number }
  /** One update of one parameter. */
  | { readonly kind: 'adam'; readonly count: number }
  /** Forward and backward. */
  | { readonly kind: 'layer-norm'; readonly rows: number; readonly width: number }
  /** Forward and backward, labels as class indices. */
  | { readonly kind: 'cross-entropy'; readonly rows: number; readonly width: number }
  /** Forward and backward, causal. */
  | {
      readonly kind: 'attention'
      readonly batch: number
      readonly heads: number
      readonly length: number
      readonly size: number
    }

export interface KernelWork {
  readonly name: string
  readonly kernel: Kernel
}

const matmul = (name: string, size: number, transposeA = false, transposeB = false): KernelWork => ({
  name,
  kernel: { kind: 'matmul', size, transposeA, transposeB },
})

const convolution = (name: string, direction: 'forward' | 'filter' | 'input'): KernelWork => ({
  name,
  kernel: { kind: 'convolution', direction, batch: 64, size: 14, inputs: 32, outputs: 64 },
})

const unary = (op: 'exp' | 'tanh' | 'sigmoid' | 'gelu'): KernelWork => ({
  name: `${op}-1m`,
  kernel: { kind: 'unary', op, count: 1 << 20 },
})

export const KERNEL_WORKS: readonly KernelWork[] = [
  matmul('matmul-64', 64),
  matmul('matmul-256', 256),
  matmul('matmul-512', 512),
  matmul('matmul-512-transposed', 512, true),
  matmul('matmul-512-transposed-b', 512, false, true),
  matmul('matmul-512-transposed-both', 512, true, true),
  matmul('matmul-1024', 1024),
  convolution('conv-forward', 'forward'),
  convolution('conv-filter-gradient', 'filter'),
  convolution('conv-input-gradient', 'input'),
  { name: 'adam-1m', kernel: { kind: 'adam', count: 1 << 20 } },
  { name: 'layer-norm', kernel: { kind: 'layer-norm', rows: 2048, width: 128 } },
  { name: 'softmax-cross-entropy', kernel: { kind: 'cross-entropy', rows: 2048, width: 96 } },
  { name: 'attention', kernel: { kind: 'attention', batch: 16, heads: 4, length: 128, size: 32 } },
  { name: 'softmax', kernel: { kind: 'softmax', rows: 8192, width: 128 } },
  unary('exp'),
  unary('tanh'),
  unary('sigmoid'),
  unary('gelu'),
  { name: 'sum-rows', kernel: { kind: 'sum', rows: 36_864, width: 64 } },
]

/** The same so small that a call takes no time. */
export function smaller({ name, kernel }: KernelWork): KernelWork {
  switch (kernel.kind) {
    case 'matmul':
      return { name, kernel: { ...kernel, size: 16 } }
    case 'convolution':
      return { name, kernel: { ...kernel, batch: 2, size: 6, inputs: 4, outputs: 8 } }
    case 'unary':
    case 'adam':
      return { name, kernel: { ...kernel, count: 64 } }
    case 'attention':
      return { name, kernel: { ...kernel, batch: 2, heads: 2, length: 8, size: 4 } }
    default:
      return { name, kernel: { ...kernel, rows: 8, width: 6 } }
  }
}

/** What a call is counted as: arithmetic where that is what takes the time, else the memory it cannot do without. */
export interface Amount {
  readonly unit: 'GFLOP/s' | 'GB/s'
  readonly perCall: number
}

const BYTES = 4

export function amountOf(kernel: Kernel): Amount {
  const bytes = (elements: number): Amount => ({ unit: 'GB/s', perCall: elements * BYTES })
  switch (kernel.kind) {
    case 'matmul':
      return { unit: 'GFLOP/s', perCall: 2 * kernel.size ** 3 }
    case 'convolution': {
      const { batch, size, inputs, outputs } = kernel
      return { unit: 'GFLOP/s', perCall: 2 * batch * size ** 2 * 9 * inputs * outputs }
    }
    case 'attention': {
      // Two products forward and four backward, whole score matrices: what a causal mask saves is a gain.
      const { batch, heads, length, size } = kernel
      return { unit: 'GFLOP/s', perCall: 12 * batch * heads * length ** 2 * size }
    }
    case 'unary':
      return bytes(2 * kernel.count)
    case 'adam':
      return bytes(7 * kernel.count)
    case 'softmax':
      return bytes(2 * kernel.rows * kernel.width)
    case 'sum':
      return bytes(kernel.rows * kernel.width)
    case 'cross-entropy':
      return bytes(3 * kernel.rows * kernel.width)
    case 'layer-norm':
      return bytes(5 * kernel.rows * kernel.width)
  }
}
