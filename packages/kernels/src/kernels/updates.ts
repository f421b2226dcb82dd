import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import { type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'

const number = (attrs: NamedAttrMap, name: string): number => Number(attrs[name])
const flag = (attrs: NamedAttrMap, name: string): number => Number(attrs[name] === true)

/** The flat list of inputs. */
const listOf = (call: KernelCall): readonly TensorInfo[] => call.inputs as unknown as readonly TensorInfo[]

/** Calls `update` with the addresses of the tensors of each parameter, `perEntry` of them, and the address of the scale. */
function forEachParameter(
  call: KernelCall,
  perEntry: number,
  update: (addresses: readonly number[], size: number, scaleTensor: number) => void,
): TensorInfo[] {
  const { runtime, attrs } = call
  const tensors = listOf(call)
  const count = number(attrs, 'count')
  const scale = attrs['hasScaleTensor'] === true ? 1 : 0
  if (tensors.length !== count * perEntry + scale) {
    throw new Error(
      `Expected ${perEntry} tensors for each of ${count} parameters${scale ? ' and a scale' : ''}, found ${tensors.length}.`,
    )
  }
  const scaleTensor = scale ? runtime.address(tensors[tensors.length - 1] as TensorInfo) : 0
  const addresses = new Array<number>(perEntry).fill(0)
  for (let entry = 0; entry < count; entry++) {
    for (let slot = 0; slot < perEntry; slot++) {
      addresses[slot] = runtime.address(tensors[entry * perEntry + slot] as TensorInfo)
    }
    update(addresses, sizeOf((tensors[entry * perEntry] as TensorInfo).shape), scaleTensor)
  }
  return []
}

const sgdUpdate: KernelDefinition = {
  name: 'LevinSgdUpdate',
  gain: 'new: SGD on all parameters of a group in one call, in place',
  compute(call) {
    const { runtime, attrs } = call
    const { wasm } = runtime
    const [scale, clip, maximize] = [
      number(attrs, 'gradientScale'),
      number(attrs, 'clipValue'),
      flag(attrs, 'maximize'),
    ]
    const [learningRate, momentum] = [number(attrs, 'learningRate'), number(attrs, 'momentum')]
    const [kept, weightDecay] = [1 - number(attrs, 'dampening'), number(attrs, 'weightDecay')]
    const [nesterov, firstStep] = [flag(attrs, 'nesterov'), flag(attrs, 'firstStep')]
    return forEachParameter(call, momentum === 0 ? 2 : 3, ([parameter = 0, gradient = 0, buffer = 0], size, tensor) => {
      wasm.sgdUpdate(
        parameter,
        gradient,
        buffer,
        size,
        scale,
        tensor,
        clip,
        maximize,
        learningRate,
        momentum,
        kept,
        weightDecay,
        nesterov,
        firstStep,
      )
    })
  },
}

const adamUpdate: KernelDefinition = {
  name: 'LevinAdamUpdate',
  gain: 'new: Adam and AdamW on all parameters of a group in one call, in place',
  compute(call) {
    const { runtime, attrs } = call
    const { wasm } = runtime
    const [scale, clip, maximize] = [
      number(attrs, 'gradientScale'),
      number(attrs, 'clipValue'),
      flag(attrs, 'maximize'),
    ]
    const [beta2, rest1] = [number(attrs, 'beta2'), 1 - number(attrs, 'beta1')]
    const [epsilon, weightDecay] = [number(attrs, 'epsilon'), number(attrs, 'weightDecay')]
    const [parameterDecay, stepSize] = [number(attrs, 'parameterDecay'), number(attrs, 'stepSize')]
    const correction = number(attrs, 'biasCorrection2Sqrt')
    return forEachParameter(
      call,
      attrs['amsgrad'] === true ? 5 : 4,
      ([parameter = 0, gradient = 0, first = 0, second = 0, largest = 0], size, tensor) => {
        wasm.adamUpdate(
          parameter,
          gradient,
          first,
          second,
          largest,
          size,
          scale,
          tensor,
          clip,
          maximize,
          rest1,
          beta2,
          1 - beta2,
          epsilon,
          weightDecay,
          parameterDecay,
          stepSize,
          correction,
        )
      },
    )
  },
}

const rmspropUpdate: KernelDefinition = {
  name: 'LevinRmspropUpdate',
  gain: 'new: RMSprop on all parameters of a group in one call, in place',
  compute(call) {
    const { runtime, attrs } = call
    const { wasm } = runtime
    const [scale, clip, maximize] = [
      number(attrs, 'gradientScale'),
      number(attrs, 'clipValue'),
      flag(attrs, 'maximize'),
    ]
    const [learningRate, alpha] = [number(attrs, 'learningRate'), number(attrs, 'alpha')]
    const [epsilon, weightDecay] = [number(attrs, 'epsilon'), number(attrs, 'weightDecay')]
    const momentum = number(attrs, 'momentum')
    const centered = flag(attrs, 'centered')
    const perEntry = 3 + centered + Number(momentum !== 0)
    return forEachParameter(call, perEntry, (addresses, size, tensor) => {
      const [parameter = 0, gradient = 0, squares = 0] = addresses
      wasm.rmspropUpdate(
        parameter,
        gradient,
        squares,
        centered ? (addresses[3] ?? 0) : 0,
        momentum === 0 ? 0 : (addresses[3 + centered] ?? 0),
        size,
        scale,
        tensor,
        clip,
        maximize,
        learningRate,
        alpha,
        1 - alpha,
        epsilon,
        weightDecay,
        momentum,
      )
    })
  },
}

const accumulate: KernelDefinition = {
  name: 'LevinAccumulate',
  gain: 'new: adds a weighted gradient to a sum, in place',
  compute(call) {
    const { runtime, attrs } = call
    const [target, gradient, weight] = listOf(call) as [TensorInfo, TensorInfo, TensorInfo?]
    runtime.wasm.accumulate(
      runtime.address(target),
      runtime.address(gradient),
      sizeOf(target.shape),
      number(attrs, 'weight'),
      attrs['hasWeightTensor'] === true && weight !== undefined ? runtime.address(weight) : 0,
    )
    return []
  },
}

const squaredNorm: KernelDefinition = {
  name: 'LevinSquaredNorm',
  gain: 'new: the squared norm of all gradients in one call, summed in float64',
  compute(call) {
    const { runtime } = call
    let sum = 0
    // tfjs's engine hands a list over as an object when a tape looks on.
    for (const tensor of Object.values(call.inputs) as TensorInfo[]) {
      sum += runtime.wasm.squaredNorm(runtime.address(tensor), sizeOf(tensor.shape))
    }
    const out = runtime.output([], 'float32')
    runtime.wasm.fill(runtime.address(out), 1, sum)
    return out
  },
}

/** In place, except for the norm: their inputs must not share data with what has to keep its values. */
export const updates: readonly KernelDefinition[] = [sgdUpdate, adamUpdate, rmspropUpdate, accumulate, squaredNorm]
