/** The state of the heap when an allocation failed. All sizes are in bytes. */
export interface FailedAllocation {
  /** What the memory was for: `a float32 tensor of shape [64, 10], in the kernel BatchMatMul`. */
  readonly purpose: string
  readonly bytes: number
  readonly heapBytes: number
  /** What the heap may grow to. */
  readonly limitBytes: number
  /** Data of tensors. */
  readonly tensorBytes: number
  /** Scratch memory of the kernels. */
  readonly workspaceBytes: number
}

// The mark and the fields of the errors of @levin/core, which this package does not know: whoever asks
// `LevinError.isInstance(error, 'LEVIN_OUT_OF_MEMORY')` is told so, and nothing wraps it into something else.
const MARK = Symbol.for('levin.error')

/**
 * The wasm heap has no room. Nothing has changed by it: the kernel has given back what it had taken, and a smaller
 * allocation may succeed.
 */
export class OutOfMemoryError extends Error implements FailedAllocation {
  override readonly name = 'OutOfMemoryError'
  readonly code = 'LEVIN_OUT_OF_MEMORY'
  readonly expected: string
  readonly found: string
  readonly remedy: string
  readonly purpose: string
  readonly bytes: number
  readonly heapBytes: number
  readonly limitBytes: number
  readonly tensorBytes: number
  readonly workspaceBytes: number

  constructor(failed: FailedAllocation, options?: ErrorOptions) {
    const { purpose, bytes, heapBytes, limitBytes, tensorBytes, workspaceBytes } = failed
    const expected = `room for ${amount(bytes)} (${purpose})`
    const found =
      `a heap of ${amount(heapBytes)} that may grow to ${amount(limitBytes)}, with ${amount(tensorBytes)} in tensors ` +
      `and ${amount(workspaceBytes)} in workspace`
    const remedy = remedyFor(failed)
    super(`The wasm heap is out of memory. Expected ${expected}, found ${found}. ${remedy}`, options)
    this.expected = expected
    this.found = found
    this.remedy = remedy
    this.purpose = purpose
    this.bytes = bytes
    this.heapBytes = heapBytes
    this.limitBytes = limitBytes
    this.tensorBytes = tensorBytes
    this.workspaceBytes = workspaceBytes
    Object.defineProperty(this, MARK, { value: true })
  }
}

function remedyFor({ bytes, limitBytes, tensorBytes, workspaceBytes }: FailedAllocation): string {
  if (bytes > limitBytes) return 'No tensor can be larger than the heap: split it.'
  const smaller = 'Use a smaller batch, or dispose of tensors that are no longer needed.'
  if (tensorBytes + workspaceBytes + bytes > limitBytes) return smaller
  return `What is left lies in pieces that are too small, or the system gives this process no more. ${smaller}`
}

/** `150000 bytes`, `1310720 bytes (1.3 MiB)`. */
function amount(bytes: number): string {
  const [size, unit] = bytes < 2 ** 30 ? [bytes / 2 ** 20, 'MiB'] : [bytes / 2 ** 30, 'GiB']
  return size < 1 ? `${bytes} bytes` : `${bytes} bytes (${size.toFixed(size < 10 ? 2 : 0)} ${unit})`
}
