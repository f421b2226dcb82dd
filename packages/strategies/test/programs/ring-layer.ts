import { assignPaths, type LayerRanks, record } from '@levin/core'
import { type AttentionInput, type MultiHeadAttentionOptions, multiHeadAttention } from '@levin/nn'
import { memory, type Tensor, type Tensor2D, type Tensor3D, tensor, tidy } from '@tensorflow/tfjs-core'
import { numbers, stretch } from './ring-cases.js'
import { stepAt } from './ring-step.js'

/** A layer of attention to sequences that ranks divide, as plain data. */
export interface RingLayerCase {
  readonly name: string
  readonly options?: MultiHeadAttentionOptions
  /** Positions of another sequence that it attends to. Default: itself. */
  readonly keys?: number
  readonly mask?: boolean
  readonly keyPadding?: boolean
}

export const SAMPLES = 2
export const POSITIONS = 12
export const FEATURES = 8

export interface RingLayerResult {
  readonly y: number[]
  /** Of what goes in: the query, and the other sequence. */
  readonly inputs: readonly number[][]
  /** Of parameters, in their order: each rank's are of its own positions. */
  readonly parameters: readonly number[][]
  readonly leaked: number
}

/** The layer on one device, or this rank's part of it. */
export function ringLayer(plan: RingLayerCase, ranks?: LayerRanks): RingLayerResult {
  const place = ranks ?? { index: 0, count: 1 }
  const layer = multiHeadAttention(FEATURES, 2, plan.options)
  const { parameters } = assignPaths(layer)
  for (const parameter of parameters) parameter.materialise({ seed: 4 })
  const keys = plan.keys ?? POSITIONS
  const input = inputOf(plan, keys, place)
  const dy = tidy(() => stretch(numbers([SAMPLES, POSITIONS, FEATURES], 4), 1, place))
  const tensors = [input.query, ...(input.key ? [input.key] : [])]
  const before = memory().numTensors
  const step = stepAt(ranks ? { sharing: { context: ranks, sequence: ranks } } : {})
  const tape = record(() => layer.forward(input, step), [...tensors, ...parameters.map(({ value }) => value)])
  const y = [...tape.outputs.dataSync()]
  const gradients: number[][] = []
  tape.backward([dy], (_source, gradient, index) => {
    gradients[index] = [...gradient.dataSync()]
    gradient.dispose()
  })
  tape.dispose()
  const leaked = memory().numTensors - before
  for (const tensor of [...tensors, dy, input.mask, input.keyPadding]) tensor?.dispose()
  for (const parameter of parameters) parameter.dispose()
  return { y, inputs: gradients.slice(0, tensors.length), parameters: gradients.slice(tensors.length), leaked }
}

// --- Internal helpers ---

function inputOf(plan: RingLayerCase, keys: number, place: Pick<LayerRanks, 'index' | 'count'>): AttentionInput {
  const part = <T extends Tensor>(make: () => T, axis: number): T => tidy(() => stretch(make(), axis, place))
  return {
    query: part(() => numbers([SAMPLES, POSITIONS, FEATURES], 1) as Tensor3D, 1),
    key: plan.keys === undefined ? undefined : part(() => numbers([SAMPLES, keys, FEATURES], 2) as Tensor3D, 1),
    mask: plan.mask ? part(() => every(3, [POSITIONS, keys]) as Tensor2D, 0) : undefined,
    keyPadding: plan.keyPadding ? part(() => every(4, [SAMPLES, keys]) as Tensor2D, 1) : undefined,
  }
}

/** True at every so manieth place. */
function every(interval: number, shape: [number, number]): Tensor {
  const values = Uint8Array.from({ length: shape[0] * shape[1] }, (_, i) => Number(i % interval === 1))
  return tensor(values, shape, 'bool')
}
