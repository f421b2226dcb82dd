// A BLAS library called through koffi. Addresses are handed over as plain numbers: an integer is the cheapest thing koffi
// takes (a product of 2 × 2 costs 0.17–0.26 µs in all; with BigInts 0.28, with typed arrays made for the call 0.27–0.46).

import { type Node, node } from '../node.js'
import type { Gemm } from './active-blas.js'

type Koffi = typeof import('koffi')
type Library = ReturnType<Koffi['load']>
type Native = (...parameters: readonly (number | string)[]) => unknown

/** A library that was loaded into this thread. */
export interface LoadedBlas {
  /** As it calls itself: `OpenBLAS 0.3.21`. */
  readonly name: string
  /** For which processor its kernels are, and how it was built: what numbers depend on. */
  readonly build: string
  readonly path: string
  /**
   * Sets how many threads one product may use, in the whole process, and returns how many it got: a library has a most.
   * Absent where the library decides.
   */
  readonly setThreads: ((threads: number) => number) | undefined
  /**
   * The product on one heap. With `threads`, those from the table's size on have so many, and smaller ones one.
   */
  bind(memory: WebAssembly.Memory, threads?: Threads): Gemm
}

/** How many threads a product gets. */
export interface Threads {
  readonly count: number
  /** Fewest rows × columns × depth for more than one. */
  readonly fromWork: number
}

/** Why a library cannot be used: `koffi` is absent, it cannot be opened, or it is no BLAS. */
export class BlasError extends Error {
  readonly missing: 'koffi' | 'library' | 'symbol'

  constructor(missing: BlasError['missing'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.missing = missing
  }
}

/**
 * How a library may spell its names. Builds that live beside another BLAS in one process add to them, as those that
 * Python's packages carry do.
 */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `scipy_${name}`,
  (name) => `${name}64_`,
  (name) => `scipy_${name}64_`,
]

const ROW_MAJOR = 101
const NO_TRANSPOSE = 111

let koffi: Koffi | undefined

function loadKoffi({ argv, getBuiltinModule }: Node): Koffi {
  try {
    // Bundled to CommonJS, this module has no URL: then koffi is looked for beside the program.
    const from: string | undefined = import.meta.url
    koffi ??= getBuiltinModule('node:module').createRequire(from ?? argv[1] ?? '/')('koffi') as Koffi
    return koffi
  } catch (cause) {
    throw new BlasError('koffi', "the package 'koffi', by which libraries are called, is not installed", { cause })
  }
}

/** Opens a library by its path or by a name that the system's loader knows. Throws a {@link BlasError}. */
export function loadBlas(path: string): LoadedBlas {
  const host = node()
  if (host === undefined) throw new BlasError('koffi', 'native libraries can be called in Node only')
  const ffi = loadKoffi(host)
  const library = openLibrary(host, ffi, path)
  const spelling = SPELLINGS.find((spell) => exists(library, spell('cblas_sgemm')))
  if (spelling === undefined) throw new BlasError('symbol', `'${path}' has no cblas_sgemm`)
  const config = text(library, spelling('openblas_get_config'))
  // A build with 64-bit integers says so, and takes them for every size.
  const integer = config.includes('USE64BITINT') ? 'int64_t' : 'int'
  const sgemm = library.func(spelling('cblas_sgemm'), 'void', sgemmParameters(integer)) as Native
  const setThreads = find(library, spelling('openblas_set_num_threads'), 'void', ['int'])
  const getThreads = find(library, spelling('openblas_get_num_threads'), 'int', [])
  return {
    ...identity(host, path, config, text(library, spelling('openblas_get_corename'))),
    path,
    setThreads:
      setThreads &&
      getThreads &&
      ((threads) => {
        setThreads(threads)
        return Number(getThreads())
      }),
    bind: (memory, threads) => {
      const gemm = bindGemm(ffi, sgemm, memory)
      return threads === undefined || setThreads === undefined ? gemm : withThreads(gemm, threads, setThreads)
    },
  }
}

/**
 * OpenBLAS makes a thread for every processor as it is loaded, unless a variable says otherwise; here they are made when
 * they are asked for. In a worker thread `process.env` is a copy that libraries do not see: there the pool is made, and
 * sleeps.
 */
function openLibrary(host: Node, ffi: Koffi, path: string): Library {
  const { env } = host
  const before = env['OPENBLAS_NUM_THREADS']
  env['OPENBLAS_NUM_THREADS'] = '1'
  try {
    return ffi.load(path)
  } catch (cause) {
    throw new BlasError('library', `'${path}' ${whyNotOpened(host, path, cause)}`, { cause })
  } finally {
    if (before === undefined) delete env['OPENBLAS_NUM_THREADS']
    else env['OPENBLAS_NUM_THREADS'] = before
  }
}

function whyNotOpened({ getBuiltinModule }: Node, path: string, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (!/no such file/i.test(reason)) return `cannot be loaded (${reason})`
  // Linux says so of libraries for other processors as well.
  return getBuiltinModule('node:fs').existsSync(path) ? 'is no library for this processor' : 'was not found'
}

const sgemmParameters = (integer: string): string[] => [
  ...['int', 'int', 'int', integer, integer, integer],
  ...['float', 'uintptr_t', integer, 'uintptr_t', integer, 'float', 'uintptr_t', integer],
]

function find(library: Library, name: string, result: string, parameters: string[]): Native | undefined {
  try {
    return library.func(name, result, parameters)
  } catch {
    return undefined
  }
}

function exists(library: Library, name: string): boolean {
  return find(library, name, 'void', []) !== undefined
}

/** What a function without parameters says, or nothing where the library has none of that name. */
function text(library: Library, name: string): string {
  return String(find(library, name, 'str', [])?.() ?? '')
}

/** From `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64` and `Haswell`. */
function identity(host: Node, path: string, config: string, core: string): { name: string; build: string } {
  const version = /^OpenBLAS \S+/.exec(config)?.[0]
  if (version !== undefined) return { name: version, build: core || 'unknown' }
  const name = path.split(/[\\/]/).at(-1) ?? path
  // Accelerate is part of the system, and has its version.
  return { name, build: name === 'Accelerate' ? `darwin-${host.getBuiltinModule('node:os').release()}` : 'unknown' }
}

function bindGemm(ffi: Koffi, sgemm: Native, memory: WebAssembly.Memory): Gemm {
  let heap: ArrayBuffer | undefined
  let base = 0
  return (transposeA, transposeB, rows, columns, depth, a, strideA, b, strideB, c, strideC, accumulate) => {
    // A heap that grows may move, and then its buffer is another object: asked at every call, it costs nothing.
    const current = memory.buffer as ArrayBuffer
    if (current !== heap) {
      base = addressOfHeap(ffi, current)
      heap = current
    }
    const opA = NO_TRANSPOSE + transposeA
    const opB = NO_TRANSPOSE + transposeB
    const fromA = base + (a >>> 0)
    const fromB = base + (b >>> 0)
    const to = base + (c >>> 0)
    sgemm(ROW_MAJOR, opA, opB, rows, columns, depth, 1, fromA, strideA, fromB, strideB, accumulate, to, strideC)
  }
}

/** Sets the library's threads where the next product wants others than the last: a fraction of a microsecond. */
function withThreads(gemm: Gemm, { count, fromWork }: Threads, setThreads: Native): Gemm {
  let current = count
  return (...product) => {
    const wanted = product[2] * product[3] * product[4] >= fromWork ? count : 1
    if (wanted !== current) {
      setThreads(wanted)
      current = wanted
    }
    gemm(...product)
  }
}

function addressOfHeap(ffi: Koffi, heap: ArrayBuffer): number {
  const address = Number(ffi.address(heap))
  // Addresses have 47 or 48 bits; one with a tag in its upper bits would be rounded.
  if (!Number.isSafeInteger(address)) throw new Error(`The wasm heap lies at ${address}, which a number cannot hold.`)
  return address
}
