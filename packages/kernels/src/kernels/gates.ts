import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition } from '../kernel-definition.js'

/** Batch, time and size of the state, by a tensor `[batch, time, multiple · size]`. */
function sizesOf(sequence: TensorInfo, multiple: number): readonly [batch: number, time: number, size: number] {
  const [batch = 0, time = 0, width = 0] = sequence.shape
  return [batch, time, width / multiple]
}

const addresses = (call: KernelCall, names: readonly string[]): number[] =>
  names.map((name) => call.runtime.address(input(call, name)))

/** One kernel of a step: its outputs are `[batch, multiple · size]` each. */
function stepKernel(
  name: string,
  gain: string,
  wasmName: 'lstmGates' | 'lstmGatesGradient' | 'gruGates' | 'gruGatesGradient',
  inputs: readonly string[],
  sequence: readonly [name: string, multiple: number],
  outputs: readonly number[],
): KernelDefinition {
  return {
    name,
    gain,
    compute(call) {
      const { runtime, attrs } = call
      const [batch, time, size] = sizesOf(input(call, sequence[0]), sequence[1])
      const made = outputs.map((multiple) => runtime.output([batch, multiple * size], 'float32'))
      const results = made.map((tensor) => runtime.address(tensor))
      runtime.wasm[wasmName](...addresses(call, inputs), ...results, batch, time, size, Number(attrs['step']))
      return made
    },
  }
}

export const gates: readonly KernelDefinition[] = [
  stepKernel(
    'LevinLstmGates',
    'new: all gates of a step of an LSTM in one pass',
    'lstmGates',
    ['projected', 'recurrent', 'cell'],
    ['projected', 4],
    [1, 1, 4],
  ),
  stepKernel(
    'LevinLstmGatesGrad',
    'new: their gradients in one pass',
    'lstmGatesGradient',
    ['dOutput', 'dHidden', 'dCell', 'gates', 'cells', 'cellsBefore'],
    ['cells', 1],
    [4, 1],
  ),
  stepKernel(
    'LevinGruGates',
    'new: all gates of a step of a GRU in one pass',
    'gruGates',
    ['projected', 'recurrent', 'hidden'],
    ['projected', 3],
    [1, 4],
  ),
  stepKernel(
    'LevinGruGatesGrad',
    'new: their gradients in one pass',
    'gruGatesGradient',
    ['dOutput', 'dHidden', 'gates', 'statesBefore'],
    ['statesBefore', 1],
    [3, 3, 1],
  ),
]
