import type { MeasuredModel, MeasuredPiece } from '../../src/planner/measured-model.js'

/** A layer with round figures: a million parameters, a megabyte of activations within, a hundredth of that between. */
export const layer = (index: number, changes: Partial<MeasuredPiece> = {}): MeasuredPiece => ({
  name: `layers.${index}`,
  forward: 10,
  backward: 20,
  parameters: [{ path: `layers.${index}.weight`, elements: 1e6, trainable: true }],
  buffers: 0,
  inputBytes: 1e4,
  outputBytes: 1e4,
  outputShape: [4, 16, 8],
  innerBytes: 1e6,
  keepsInput: true,
  keepsOutput: false,
  forwardWorkingBytes: 0,
  backwardWorkingBytes: 0,
  dividedPart: 0,
  sums: [],
  attention: [],
  ...changes,
})

/** A layer that tensor ranks share, with four heads. */
export const sharedLayer = (index: number): MeasuredPiece =>
  layer(index, {
    parameters: [{ path: `layers.${index}.weight`, elements: 1e6, trainable: true, units: 4 }],
    dividedPart: 0.75,
    sums: [1e4, 1e4],
    attention: [{ heads: 4, bytes: 2e4 }],
  })

export const model = (layers: readonly MeasuredPiece[], changes: Partial<MeasuredModel> = {}): MeasuredModel => ({
  layers,
  batch: { samples: 4, bytes: 1e3 },
  optimizer: { name: 'adam', slots: 2, millisecondsPerElement: 0, sharding: 'element' },
  ...changes,
})

export const layers = (count: number, make: (index: number) => MeasuredPiece = layer): MeasuredPiece[] =>
  Array.from({ length: count }, (_, index) => make(index))
