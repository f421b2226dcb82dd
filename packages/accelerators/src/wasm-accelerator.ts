import {
  type AcceleratorCapabilities,
  type HostTensor,
  LevinError,
  type MemoryStatistics,
  type NumericData,
  type NumericType,
  type StagedTensor,
} from '@levin/core'
import {
  StagedTensor as HeapTensor,
  kernelFingerprint,
  prepareKernels,
  registerKernels,
  resetWasmPeak,
  stageTensor,
  tensorView,
  wasmMemory,
} from '@levin/kernels'
import { env, getBackend, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { cpuAvailability } from './cpu-availability.js'
import { type BlasChoice, chooseBlas } from './cpu-blas.js'
import { startEmscripten } from './emscripten-start.js'
import { HostAccelerator, hostCapabilities } from './host-accelerator.js'
import { bundledWasmFile, installedWasmFolder, requireWasmFiles, type WasmPaths } from './wasm-paths.js'

/** The part of `@tensorflow/tfjs-backend-wasm` that is called; importing it registers the backend. */
export interface WasmLibrary {
  setWasmPaths(paths: string | Record<string, string>): void
}

export interface CpuOptions extends BlasChoice {
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: a folder or URL prefix that ends with a slash, or a
   * URL for each of the three files. Default: in Node the installed package; in browsers where the bundler
   * has put the file, which it takes along by itself.
   */
  readonly wasmPaths?: WasmPaths | undefined
  /**
   * Imports the backend, for bundlers and runtimes that cannot resolve it by its name. A function cannot travel to a
   * worker: a run with several workers makes the accelerator in its run module then. Default: `import()` by name.
   *
   * @example
   * cpu({ lib: () => import('./vendored/tfjs-backend-wasm.js') })
   */
  readonly lib?: (() => Promise<WasmLibrary>) | undefined
}

/** The CPU: tfjs's wasm backend with the kernels of `@levin/kernels`, and a BLAS library where the system has one. */
export class WasmAccelerator extends HostAccelerator {
  readonly name = 'cpu'
  override readonly capabilities: AcceleratorCapabilities
  readonly #options: CpuOptions
  #started = false

  constructor(options: CpuOptions = {}) {
    super()
    this.#options = options
    this.capabilities = { ...hostCapabilities, threads: options.threads ?? 1 }
  }

  protected override async start(): Promise<void> {
    if (this.#started && getBackend() === 'wasm') {
      // Another accelerator of this thread may have chosen otherwise meanwhile.
      chooseBlas(this.#options)
      resetWasmPeak()
      return
    }
    const availability = await cpuAvailability()
    if (!availability.ok) throw unavailable(availability.reason, availability.remedy)
    await startEmscripten(() => startBackend(this.#options))
    resetWasmPeak()
    this.#started = true
  }

  /** Memory on the heap, up to 64 MiB: it ends at 4 GiB, where a large batch that is read ahead would be missed. */
  stage(shape: readonly number[], dtype: NumericType): StagedTensor | undefined {
    return elements(shape) > STAGED_ELEMENTS ? undefined : stageTensor(shape, dtype)
  }

  // The backend copies the values onto its heap at once, so `host.data` is free for the next batch.
  override upload(host: HostTensor): Tensor {
    if (host instanceof HeapTensor) return host.toTensor()
    const { data, shape, dtype } = host
    return tensor(data, [...shape], dtype)
  }

  /** The tensor's place on the heap. It moves when the heap grows. */
  view(tensor: Tensor): NumericData | undefined {
    return tensorView(tensor)
  }

  override memory(): MemoryStatistics {
    const statistics = super.memory()
    if (!this.#started) return statistics
    const { heapBytes, peakBytes } = wasmMemory()
    return { ...statistics, capacity: heapBytes, peak: peakBytes }
  }

  override fingerprint(): string {
    return kernelFingerprint()
  }
}

/** 64 MiB of float32. */
const STAGED_ELEMENTS = 2 ** 24

const elements = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

async function startBackend(options: CpuOptions): Promise<void> {
  const { wasmPaths, lib } = options
  if (getBackend() !== 'wasm') {
    const library = await importBackend(lib)
    const paths = wasmPaths ?? (lib ? undefined : (installedWasmFolder() ?? bundledWasmFile()))
    if (paths !== undefined) {
      requireWasmFiles(paths)
      library.setWasmPaths(typeof paths === 'string' ? paths : { ...paths })
    }
    // The threaded build keeps its heap in shared memory, which the kernels cannot be instantiated on.
    env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
    if (!(await setBackend('wasm'))) {
      const remedy =
        "tfjs printed the reason. If it found no .wasm file, set the option wasmPaths to where the package's are."
      throw unavailable('the wasm backend of tfjs did not start.', remedy)
    }
  }
  try {
    registerKernels()
    await prepareKernels()
  } catch (cause) {
    const reason = `the kernels cannot run on this backend: ${cause instanceof Error ? cause.message : String(cause)}`
    throw unavailable(reason, 'Let the accelerator start the backend, instead of tf.setBackend().', cause)
  }
  chooseBlas(options)
}

async function importBackend(lib: CpuOptions['lib']): Promise<WasmLibrary> {
  try {
    return await (lib ? lib() : import('@tensorflow/tfjs-backend-wasm'))
  } catch (cause) {
    const remedy = 'Install @tensorflow/tfjs-backend-wasm, or give it as the option lib: () => import(…).'
    throw unavailable('the wasm backend of tfjs cannot be imported.', remedy, cause)
  }
}

const unavailable = (reason: string, remedy: string, cause?: unknown): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', { message: `The accelerator 'cpu' cannot run here: ${reason}`, remedy, cause })
