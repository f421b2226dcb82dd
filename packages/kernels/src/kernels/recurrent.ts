import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, optionalAddress, sizeOf } from '../kernel-definition.js'

/** Batch, time and size of the state, by a sequence `[batch, time, size]`. */
function sizesOf({ shape: [batch = 0, time = 0, size = 0] }: TensorInfo): [batch: number, time: number, size: number] {
  return [batch, time, size]
}

/** A new tensor that begins as a copy of another: the kernels turn first states into last ones where they lie. */
function copyOf({ runtime }: KernelCall, tensor: TensorInfo): TensorInfo {
  const copy = runtime.output(tensor.shape, 'float32')
  const from = runtime.address(tensor)
  new Uint8Array(runtime.heap).copyWithin(runtime.address(copy), from, from + 4 * sizeOf(tensor.shape))
  return copy
}

const addresses = (call: KernelCall, ...names: readonly string[]): number[] =>
  names.map((name) => call.runtime.address(input(call, name)))

/** What both layers take first: the sequence, its weights, and biases where there are any. */
const operands = (call: KernelCall): number[] => [
  ...addresses(call, 'x', 'inputWeight', 'recurrentWeight'),
  optionalAddress(call, 'inputBias'),
  optionalAddress(call, 'recurrentBias'),
]

const lstm: KernelDefinition = {
  name: 'LevinLstm',
  gain: 'new: a layer of LSTM over a whole sequence in one call',
  compute(call) {
    const { runtime } = call
    const [batch = 0, time = 0, inputs = 0] = input(call, 'x').shape
    const size = input(call, 'recurrentWeight').shape[0] ?? 0
    const hidden = copyOf(call, input(call, 'hidden'))
    const cell = copyOf(call, input(call, 'cell'))
    const output = runtime.output([batch, time, size], 'float32')
    const cells = runtime.output([batch, time, size], 'float32')
    const gates = runtime.output([batch, time, 4 * size], 'float32')
    const workspace = runtime.workspace(runtime.wasm.lstmWorkspace(batch, time, inputs, size))
    const filled = [hidden, cell, output, cells, gates]
    const at = filled.map((tensor) => runtime.address(tensor))
    runtime.wasm.lstm(...operands(call), ...at, batch, time, inputs, size, workspace)
    return [output, hidden, cell, cells, gates]
  },
}

const lstmGrad: KernelDefinition = {
  name: 'LevinLstmGrad',
  gain: 'new: back through time in one call',
  compute(call) {
    const { runtime } = call
    const [batch, time, size] = sizesOf(input(call, 'cells'))
    const dHidden = copyOf(call, input(call, 'dHidden'))
    const dCell = copyOf(call, input(call, 'dCell'))
    const dGates = runtime.output([batch, time, 4 * size], 'float32')
    const workspace = runtime.workspace(runtime.wasm.lstmWorkspace(batch, time, size, size))
    const from = addresses(call, 'dOutput', 'gates', 'cells', 'cell', 'recurrentWeight')
    const filled = [dHidden, dCell, dGates].map((tensor) => runtime.address(tensor))
    runtime.wasm.lstmGradient(...from, ...filled, batch, time, size, workspace)
    return [dGates, dHidden, dCell]
  },
}

const gru: KernelDefinition = {
  name: 'LevinGru',
  gain: 'new: a layer of GRU over a whole sequence in one call',
  compute(call) {
    const { runtime } = call
    const [batch = 0, time = 0, inputs = 0] = input(call, 'x').shape
    const size = input(call, 'recurrentWeight').shape[0] ?? 0
    const hidden = copyOf(call, input(call, 'hidden'))
    const output = runtime.output([batch, time, size], 'float32')
    const gates = runtime.output([batch, time, 4 * size], 'float32')
    const workspace = runtime.workspace(runtime.wasm.gruWorkspace(batch, time, inputs, size))
    const at = [hidden, output, gates].map((tensor) => runtime.address(tensor))
    runtime.wasm.gru(...operands(call), ...at, batch, time, inputs, size, workspace)
    return [output, hidden, gates]
  },
}

const gruGrad: KernelDefinition = {
  name: 'LevinGruGrad',
  gain: 'new: back through time in one call',
  compute(call) {
    const { runtime } = call
    const [batch, time, size] = sizesOf(input(call, 'output'))
    const dHidden = copyOf(call, input(call, 'dHidden'))
    const dProjected = runtime.output([batch, time, 3 * size], 'float32')
    const dRecurrent = runtime.output([batch, time, 3 * size], 'float32')
    const workspace = runtime.workspace(runtime.wasm.gruWorkspace(batch, time, size, size))
    const from = addresses(call, 'dOutput', 'gates', 'output', 'hidden', 'recurrentWeight')
    const filled = [dHidden, dProjected, dRecurrent].map((tensor) => runtime.address(tensor))
    runtime.wasm.gruGradient(...from, ...filled, batch, time, size, workspace)
    return [dProjected, dRecurrent, dHidden]
  },
}

export const recurrent: readonly KernelDefinition[] = [lstm, lstmGrad, gru, gruGrad]
