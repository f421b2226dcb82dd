import { engine, env, getKernel, type NamedAttrMap, reshape, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'
import type { KernelContracts } from './kernel-contracts.js'
import type { KernelName } from './kernel-names.js'

/** Named tensors, or a flat list where an op takes any number of them (as tfjs's own AddN does). */
export type KernelInputs = object | readonly TensorInfo[]

/** Whether the backend in use has a kernel of this name. One map lookup: asked again at each call, since kernels may be registered at any time. */
export function hasKernel(name: string): boolean {
  return getKernel(name, engine().backendName) != null
}

/**
 * Calls a kernel by name, in a scope. `shape` renames the shape of its only output to one of the same size.
 *
 * The kernel is called directly and its output wrapped once, which makes the reshapes around matrix products free
 * (tfjs's `reshape` is a kernel call of its own). When somebody looks on (a tape, `tf.profile`, debug mode) it goes through
 * the engine, so that nothing is hidden from them.
 */
export function callKernel(name: string, inputs: KernelInputs, attrs: object, shape?: number[]): Tensor[] {
  if (isObserved()) {
    const result = engine().runKernel<Tensor[] | Tensor>(name, inputs as Record<string, Tensor>, attrs as NamedAttrMap)
    const outputs = Array.isArray(result) ? result : [result]
    return shape === undefined ? outputs : outputs.map((output) => reshape(output, shape))
  }
  const { backendName, backend } = engine()
  const kernel = getKernel(name, backendName)
  if (kernel == null) throw new Error(`Kernel '${name}' is not registered for backend '${backendName}'`)
  const result = kernel.kernelFunc({
    inputs: inputs as Record<string, TensorInfo>,
    attrs: attrs as NamedAttrMap,
    backend,
  })
  const infos = Array.isArray(result) ? result : [result]
  return infos.map((info) => toTensor(info, shape))
}

/** Calls one of our own kernels, its inputs and attributes checked by the compiler against {@link KernelContracts}. */
export function callOwnKernel<N extends KernelName>(
  name: N,
  inputs: KernelContracts[N]['inputs'],
  attrs: KernelContracts[N]['attrs'],
): Tensor[] {
  return callKernel(name, inputs, attrs)
}

/**
 * `x` under another shape of the same size, as input of {@link callKernel} only: a description that shares the data and
 * owns nothing, so it needs no disposal. Call it in a scope all the same: where data knows its shape it is a tensor.
 */
export function view(x: Tensor, shape: number[]): TensorInfo {
  if (dataKnowsShape()) return reshape(x, shape)
  return { dataId: x.dataId, shape, dtype: x.dtype }
}

// --- Internal helpers ---

function isObserved(): boolean {
  const { gradientDepth, kernelDepth, profiling } = engine().state
  // Below the tape (inside an op's forward) the op's own node is what profilers see.
  return kernelDepth === 0 && (gradientDepth > 0 || profiling || env().getBool('DEBUG'))
}

/**
 * Whether the backend's data knows its shape, so that it cannot just be renamed: textures of tfjs's webgl backend, which lie
 * differently for different shapes, and tensors of TensorFlow's library behind tfjs-node.
 */
function dataKnowsShape(): boolean {
  const { backend } = engine()
  return 'texData' in backend || 'executeSingleOutput' in backend
}

function toTensor(info: TensorInfo, shape: number[] | undefined): Tensor {
  const rename = shape !== undefined && !('rank' in info) && !dataKnowsShape()
  if (rename) return engine().makeTensorFromTensorInfo({ ...info, shape })
  // Some kernels return tensors that the engine tracks already.
  const tensor = 'rank' in info ? (info as Tensor) : engine().makeTensorFromTensorInfo(info)
  return shape === undefined ? tensor : reshape(tensor, shape)
}
