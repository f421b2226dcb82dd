// Which native matrix product is in use in this thread, if any. Nothing here is Node's: `runtime.ts` imports it everywhere.
import type { KernelExports } from '../module.js'

/**
 * `C[rows, columns] (+)= op(A) op(B)` on float32, row-major. Flags are 0 or 1, addresses are byte offsets into a heap, and
 * strides are the lengths of the stored rows in elements. C overlaps neither A nor B.
 */
export type Gemm = (
  transposeA: number,
  transposeB: number,
  rows: number,
  columns: number,
  depth: number,
  a: number,
  strideA: number,
  b: number,
  strideB: number,
  c: number,
  strideC: number,
  accumulate: number,
) => void

/** From which size on a product goes to the library. */
export interface SizeTable {
  /** Names the table in fingerprints: another table is another choice of who computes, and other last bits. */
  readonly name: string
  /** Fewest rows × columns × depth. */
  readonly work: number
  /** Fewest for which more than one thread is used, where the library has been given more. */
  readonly threadedWork: number
}

export interface ActiveBlas {
  /** For the fingerprint: library, version, processor kernel, threads, table. */
  readonly fingerprint: string
  readonly path: string
  readonly table: SizeTable
  /** The product on one heap. */
  bind(memory: WebAssembly.Memory): Gemm
}

let active: ActiveBlas | undefined

export const activeBlas = (): ActiveBlas | undefined => active

export function setActiveBlas(blas: ActiveBlas | undefined): void {
  active = blas
}

/** Instantiates the kernels on a heap, with the native product where one is in use. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  const blas = active
  const gemm = blas?.bind(memory) ?? unreachable
  const wasm = new WebAssembly.Instance(module, { env: { memory }, blas: { gemm } }).exports as KernelExports
  if (blas !== undefined) wasm.chooseGemm(blas.table.work)
  return wasm
}

// Without a library the limit is infinite, and the import is never called.
function unreachable(): never {
  throw new Error('A product was sent to a BLAS library that is not there.')
}
