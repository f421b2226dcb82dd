import {
  CurrentBackend,
  type HostTensor,
  type Loader,
  type NumericData,
  type NumericType,
  type StagedTensor,
  type Staging,
} from '@levin/core'
import { boringBatches } from '@levin/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'

const VALUES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

/** A device whose memory the host can write, and which moves whenever more of it is taken. */
export class StagingBackend extends CurrentBackend {
  /** Staged, and neither uploaded nor released. */
  readonly open = new Set<Staged>()
  /** The most that were open at one time. */
  mostOpen = 0
  wrapped = 0
  copied = 0

  override advice(): undefined {}

  stage(shape: readonly number[], dtype: NumericType): StagedTensor | undefined {
    this.move()
    const staged = new Staged(this.open, shape, dtype)
    this.mostOpen = Math.max(this.mostOpen, this.open.size)
    return staged
  }

  override upload(host: HostTensor): Tensor {
    this.move()
    if (!(host instanceof Staged)) {
      this.copied++
      return super.upload(host)
    }
    this.wrapped++
    // The JavaScript backend keeps the array that it is given.
    return tensor(host.take(), [...host.shape], host.dtype)
  }

  move(): void {
    for (const staged of this.open) staged.move()
  }
}

class Staged implements StagedTensor {
  data: NumericData
  readonly #open: Set<Staged>

  constructor(
    open: Set<Staged>,
    readonly shape: readonly number[],
    readonly dtype: NumericType,
  ) {
    this.data = new VALUES[dtype](shape.reduce((product, length) => product * length, 1)).fill(77)
    this.#open = open
    open.add(this)
  }

  move(): void {
    const { buffer } = this.data
    this.data = new VALUES[this.dtype](structuredClone(buffer, { transfer: [buffer] }) as ArrayBuffer)
  }

  take(): NumericData {
    const { data } = this
    if (!this.#open.has(this)) throw new Error('Uploaded twice.')
    this.release()
    return data
  }

  release(): void {
    this.#open.delete(this)
    this.data = new VALUES[this.dtype](0)
  }
}

export interface StagingLoaderOptions {
  readonly batches?: number
  /** Fails while the values of this batch are being written. */
  readonly failsAt?: number
}

/** `boringBatches` with labels that nobody needs, written where it is told. */
export class StagingLoader implements Loader<{ x: never }> {
  readonly batchCount: number
  staged = 0
  recycled = 0
  readonly #failsAt: number | undefined

  constructor({ batches = 6, failsAt }: StagingLoaderOptions = {}) {
    this.batchCount = batches
    this.#failsAt = failsAt
  }

  [Symbol.iterator](): Iterator<{ x: never }> {
    return this.#batches((shape, dtype) => ({
      data: new VALUES[dtype](shape.reduce((product, length) => product * length, 1)),
      shape,
      dtype,
    }))
  }

  iterateStaged(staging: Staging): Iterator<{ x: never }> {
    this.staged++
    return this.#batches(staging)
  }

  recycle(): void {
    this.recycled++
  }

  *#batches(staging: Staging): Iterator<{ x: never }> {
    for (const [index, { x }] of boringBatches({ batches: this.batchCount }).entries()) {
      const values = staging(x.shape, x.dtype) as HostTensor
      const labels = staging([4], 'int32') as HostTensor
      if (index === this.#failsAt) throw new Error('on purpose')
      values.data.set(x.data)
      labels.data.fill(index)
      yield { x: values, nested: [{ labels }], name: `batch ${index}` } as never
    }
  }
}
