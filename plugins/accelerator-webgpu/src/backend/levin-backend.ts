import { type BackendValues, env, type TensorInfo } from '@tensorflow/tfjs-core'
import { type ComputeProgram, DEFAULT_WORKGROUP, elementType, Pipelines, type Uniforms } from './compute-program.js'
import { countOn, type DeviceCounts, noCounts } from './counters.js'
import { DeviceHealth } from './device-health.js'
import { MemoryGuard } from './memory-guard.js'
import type { BackendInsides, WebgpuLibrary } from './tfjs-backend.js'

/** What of tfjs's backend the kernels of this package use, and what it has beside it. */
export interface LevinBackend extends BackendInsides {
  readonly counts: DeviceCounts
  readonly memoryGuard: MemoryGuard
  readonly health: DeviceHealth
  /** Commands that are submitted together. */
  readonly batchSize: number
  /**
   * Runs a program of ours. Tensors that it writes may hold values already: it may change them in place.
   *
   * @param written in the order of the program's `writes`
   * @param read in the order of its `reads`; what shares data with one that is written is copied first
   * @param workgroups at most 65535 · 65535
   */
  compute(
    program: ComputeProgram,
    written: readonly TensorInfo[],
    read: readonly TensorInfo[],
    uniforms: Uniforms,
    workgroups: number,
  ): void
}

export interface BackendOptions {
  readonly library: WebgpuLibrary
  readonly device: GPUDevice
  readonly adapterInfo: GPUAdapterInfo
  readonly adapterName: string
}

type Constructor = new (device: GPUDevice, adapterInfo?: GPUAdapterInfo) => BackendInsides

const copyProgram = (name: string, input: string): ComputeProgram => ({
  name,
  writes: ['y'],
  reads: [input],
  uniforms: { size: 'u32' },
  body: 'if (i < u.size) { y[i] = f32(x[i]); }',
})

const copy = copyProgram('LevinCopy', 'x')
const toFloat = copyProgram('LevinToFloat', 'x:i32')

/** tfjs's backend on a device of ours, with what training needs and it lacks. */
export function createBackend({ library, device, adapterInfo, adapterName }: BackendOptions): LevinBackend {
  const Base = library.WebGPUBackend as unknown as Constructor

  class Backend extends Base implements LevinBackend {
    readonly counts = noCounts()
    readonly memoryGuard = new MemoryGuard(this)
    readonly health = new DeviceHealth(device, adapterName, (cause) => this.memoryGuard.refused(cause))
    readonly #pipelines = new Pipelines(device)

    get batchSize(): number {
      return env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')
    }

    override runWebGPUProgram(program: object, ...rest: unknown[]): TensorInfo {
      this.health.check()
      this.memoryGuard.kernel = program.constructor.name
      return super.runWebGPUProgram(program, ...rest)
    }

    override recordAndSubmit(program: { readonly constructor: { readonly name: string } }, ...rest: unknown[]): void {
      this.counts.dispatches++
      super.recordAndSubmit(program, ...rest)
    }

    compute(
      program: ComputeProgram,
      written: readonly TensorInfo[],
      read: readonly TensorInfo[],
      uniforms: Uniforms,
      workgroups: number,
    ): void {
      this.health.check()
      this.counts.dispatches++
      this.memoryGuard.kernel = program.name
      for (const { dataId } of written) this.uploadToGPU(dataId)
      for (const { dataId } of read) this.uploadToGPU(dataId)
      const operands = read.map((tensor, place) => {
        const isWritten = written.some(({ dataId }) => dataId === tensor.dataId)
        return isWritten
          ? this.#copied(tensor, copy)
          : this.#readable(tensor, elementType(program.reads[place] as string))
      })
      this.#pipelines.record(this, program, [...written, ...operands], uniforms, workgroups)
      for (const [place, operand] of operands.entries()) if (operand !== read[place]) this.disposeData(operand.dataId)
      // What was read from them before is no longer what they hold.
      for (const { dataId } of written) this.tensorMap.get(dataId).values = null
    }

    /**
     * The tensor as an array of a type. tfjs casts integers and truth values to floats by a new name for the same data: what
     * lies there is told by the data alone.
     */
    #readable(tensor: TensorInfo, type: string): TensorInfo {
      const isInteger = this.tensorMap.get(tensor.dataId).dtype !== 'float32'
      return isInteger && type === 'f32' ? this.#copied(tensor, toFloat) : tensor
    }

    #copied(tensor: TensorInfo, program: ComputeProgram): TensorInfo {
      const result = this.makeTensorInfo(tensor.shape, 'float32')
      const size = tensor.shape.reduce((product, length) => product * length, 1)
      this.compute(program, [result], [tensor], { size }, Math.ceil(size / DEFAULT_WORKGROUP))
      return result
    }

    /**
     * Copies values to the device, at once and without a staging buffer of our own: a buffer that comes from the pool is
     * in no command that has not been submitted, and writes of the queue keep their order with submissions. tfjs's own
     * ends the compute pass for each.
     */
    override uploadToGPU(dataId: object): void {
      const data = this.tensorMap.get(dataId)
      if (data.resource != null) return
      this.memoryGuard.tensor = data
      if (data.values == null) {
        super.uploadToGPU(dataId)
        return
      }
      if (data.values.length === 0) {
        // Nothing cannot be bound. What is bound in its place is never read: sizes are told apart from it.
        data.resource = this.bufferManager.acquireBuffer(SMALLEST_BUFFER, storageUsage())
        return
      }
      this.counts.uploads++
      const values = asWords(data.values, data.dtype)
      const buffer = this.bufferManager.acquireBuffer(values.byteLength, storageUsage())
      this.queue.writeBuffer(buffer, 0, values)
      data.values = null
      data.resource = buffer
    }

    override async read(dataId: object): Promise<BackendValues> {
      if (this.tensorMap.has(dataId) && this.tensorMap.get(dataId).values != null) return super.read(dataId)
      this.health.check()
      this.memoryGuard.kernel = undefined
      this.memoryGuard.tensor = this.tensorMap.get(dataId)
      try {
        const values = await this.health.orLost(super.read(dataId))
        this.health.check()
        return values
      } catch (error) {
        // Mapping fails a moment before the loss is told.
        if (isAbort(error)) await this.health.orLost(nextTask())
        throw error
      }
    }

    override readSync(dataId: object): BackendValues {
      this.health.check()
      if (this.tensorMap.get(dataId).values == null && typeof OffscreenCanvas === 'undefined') throw noReadSync()
      return super.readSync(dataId)
    }
  }

  return new Backend(device, adapterInfo)
}

/** Makes the counters and guards of a backend watch its device. */
export function watchDevice({ device, queue, counts }: LevinBackend): void {
  countOn(device, queue, counts)
}

const SMALLEST_BUFFER = 16

const storageUsage = (): number => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST

/** Values as the device holds them: booleans are 32-bit integers there. */
function asWords(values: BackendValues, dtype: string): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const numbers = values as Float32Array<ArrayBuffer>
  if (dtype === 'float32') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers)
  return (numbers as unknown) instanceof Int32Array ? numbers : Int32Array.from(numbers as Iterable<number>)
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100))

const noReadSync = (): Error =>
  new Error(
    'A tensor on the GPU cannot be read at once in Node: dataSync() and arraySync() need a canvas. Use await tensor.data().',
  )
