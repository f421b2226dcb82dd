import { complex, getKernel, imag, logicalOr, mul, real, type Tensor } from '@tensorflow/tfjs-core'
import { LevinError } from '../errors.js'
import { internals } from './internals.js'

/** What the engine holds at this moment. */
export interface EngineMemory {
  /** Tensors alive, variables included. */
  readonly tensors: number
  /** Blocks of data, which several tensors may share. */
  readonly buffers: number
  /** Bytes of all tensors; shared data is counted once per tensor, as tfjs counts it. */
  readonly bytes: number
}

/** Counts what is alive. Costs nothing: unlike `tf.memory()` it asks no backend. */
export function engineMemory(): EngineMemory {
  const { numTensors, numDataBuffers, numBytes } = internals().state
  return { tensors: numTensors, buffers: numDataBuffers, bytes: numBytes }
}

/** Makes a tensor outlive the scopes it was made in. Whoever keeps a tensor disposes it. */
export function keep<T extends Tensor>(tensor: T): T {
  return internals().keep(tensor)
}

/** The reverse of {@link keep}: the open scope disposes the tensor when it ends, unless it is returned from it. */
export function adopt<T extends Tensor>(tensor: T): T {
  tensor.kept = false
  return internals().track(tensor)
}

/** Whether a tensor's data is another tensor's data too, so that writing into it in place would change both. */
export function sharesData(tensor: Tensor): boolean {
  return internals().backend.refCount(tensor.dataId) > 1
}

/**
 * A tensor with data of its own, unlike `tensor.clone()`, which is a second handle on the same data.
 *
 * Computed on the device, bit for bit but for the payload of a NaN; recorded like any operation.
 */
export function copy<T extends Tensor>(tensor: T): T {
  switch (tensor.dtype) {
    case 'bool':
      return logicalOr(tensor, tensor) as T
    case 'complex64':
      return complex(copy(real(tensor)), copy(imag(tensor))) as T
    case 'string':
      return internals().makeTensor(tensor.dataSync().slice(), tensor.shape, 'string') as T
    default:
      // By one and not plus zero: −0 + 0 is 0.
      return mul(tensor, internals().makeTensor(unit(tensor), [], tensor.dtype)) as T
  }
}

function unit({ dtype }: Tensor): Int32Array | Float32Array {
  return dtype === 'int32' ? Int32Array.of(1) : Float32Array.of(1)
}

/** The name of the backend in use, `undefined` before there is one. */
export function currentBackendName(): string | undefined {
  return internals().backendName ?? undefined
}

/** Whether a backend has a kernel. Default: the backend in use. */
export function hasKernel(name: string, backendName = currentBackendName()): boolean {
  return backendName !== undefined && getKernel(name, backendName) !== undefined
}

/**
 * Runs a kernel by name, recorded like any operation.
 *
 * @throws LevinError `LEVIN_NOT_SUPPORTED` if the backend in use lacks it.
 */
export function runKernel<T extends Tensor | Tensor[] = Tensor>(
  name: string,
  inputs: Readonly<Record<string, Tensor>> | readonly Tensor[],
  attributes: Readonly<Record<string, unknown>> = {},
): T {
  if (!hasKernel(name)) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      expected: `the backend '${currentBackendName() ?? 'none'}' to have a kernel called '${name}'`,
      remedy: "Select a backend that has it, or install @levin/kernels, which adds tfjs's missing ones.",
    })
  }
  return internals().runKernel(name, inputs, attributes) as T
}
