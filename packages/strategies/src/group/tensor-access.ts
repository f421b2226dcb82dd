import { type Accelerator, copy, hostTensor, keep, type StagedTensor, sharesData } from '@levin/core'
import { type Tensor, tidy } from '@tensorflow/tfjs-core'

/** How the host gets at float32 tensors of an accelerator: in place where their memory is the host's, by copies elsewhere. */
export class TensorAccess {
  readonly #accelerator: Accelerator

  constructor(accelerator: Accelerator) {
    this.#accelerator = accelerator
  }

  /** Values can be had at once. Otherwise {@link read} gives promises. */
  get isSynchronous(): boolean {
    return this.hasMemory || this.#accelerator.capabilities.synchronousRead
  }

  /** Tensors lie in the host's memory. */
  get hasMemory(): boolean {
    return this.#accelerator.view !== undefined
  }

  /** Copies the values of a tensor to the host. */
  read(tensor: Tensor, target: Float32Array): void | Promise<void> {
    const memory = this.#accelerator.view?.(tensor)
    if (memory) target.set(memory)
    else if (this.#accelerator.capabilities.synchronousRead) target.set(tensor.dataSync<'float32'>())
    else return tensor.data<'float32'>().then((values) => target.set(values))
    return undefined
  }

  /** The values of a tensor, to be read at once: its memory, or a copy. Needs {@link isSynchronous}. */
  values(tensor: Tensor): Float32Array {
    return this.memory(tensor) ?? tensor.dataSync<'float32'>()
  }

  /**
   * A tensor with these values in the place of another: the same one where they can be written into it, else a new kept one,
   * and the other is disposed.
   */
  write(tensor: Tensor, values: Float32Array): Tensor {
    const memory = this.ownMemory(tensor)
    if (memory) {
      memory.set(values)
      return tensor
    }
    const written = this.upload(values, tensor.shape)
    tensor.dispose()
    return written
  }

  /** Memory that becomes a tensor, to be filled whole; `undefined` where {@link upload} has to copy. */
  stage(shape: readonly number[]): StagedTensor | undefined {
    return this.#accelerator.stage?.(shape, 'float32')
  }

  /** What was staged as a kept tensor. */
  staged(tensor: StagedTensor): Tensor {
    return keep(this.#accelerator.upload(tensor))
  }

  /** A new kept tensor. */
  upload(values: Float32Array, shape: readonly number[]): Tensor {
    return keep(this.#accelerator.upload(hostTensor(values, shape)))
  }

  /** The same values in memory of their own, which may be written: the tensor itself, or a kept copy in its place. */
  own(tensor: Tensor): Tensor {
    if (!sharesData(tensor)) return tensor
    const own = keep(tidy(() => copy(tensor)))
    tensor.dispose()
    return own
  }

  /** The memory of a tensor, to be read or written in place. Good until memory of the device is next taken or freed. */
  memory(tensor: Tensor): Float32Array | undefined {
    return this.#accelerator.view?.(tensor) as Float32Array | undefined
  }

  /** The same; absent for a tensor that shares its data with others. */
  ownMemory(tensor: Tensor): Float32Array | undefined {
    return sharesData(tensor) ? undefined : this.memory(tensor)
  }
}
