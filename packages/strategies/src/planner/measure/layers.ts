import { BufferUpdates, disposeAll, ForwardScope, mapTensors, record, tensorsIn } from '@levin/core'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import type { AnyLayer } from '../../pipeline/stages.js'
import type { MeasuredPiece } from '../measured-model.js'
import { likeness } from './alike.js'
import type { LayerObserver } from './observer.js'
import { contentsOf, type MeasureOptions, measuredParameter, measurePiece, type Subject } from './piece.js'
import { withValues } from './values.js'

export interface MeasuredLayers {
  readonly layers: readonly MeasuredPiece[]
  /** What the last layer gives: values of the right shape. The caller's to dispose. */
  readonly output: unknown
}

/**
 * Runs layers one after the other, each alone on the accelerator at hand: it gets values, runs forward and backward a few times, and
 * is freed before the next. So a model is measured that is larger than memory. Of layers that are alike one is run.
 *
 * @param input of the first layer; stays the caller's
 */
export async function measureLayers(
  layers: readonly AnyLayer[],
  input: unknown,
  options: MeasureOptions,
): Promise<MeasuredLayers> {
  const known = new Map<string, { readonly measured: MeasuredPiece; readonly output: string }>()
  const measured: MeasuredPiece[] = []
  let value = mapTensors(input, (tensor) => tensor.clone())
  try {
    for (const [index, layer] of layers.entries()) {
      const key = likeness(layer, shapesOf(value))
      const twin = key === undefined ? undefined : known.get(key)
      if (twin) {
        measured.push(named(twin.measured, layer, index))
        // Shapes are enough for what comes next, and this is one already if the layer keeps them.
        if (twin.output !== shapesOf(value)) value = replaced(value, zerosLike(twin.output))
        continue
      }
      const { piece, output } = await measureLayer(layer, value, options, nameOf(layer, index))
      measured.push(piece)
      if (key !== undefined) known.set(key, { measured: piece, output: shapesOf(output) })
      value = replaced(value, output)
    }
    return { layers: measured, output: value }
  } catch (error) {
    disposeAll(value)
    throw error
  }
}

// --- Internal helpers ---

async function measureLayer(layer: AnyLayer, value: unknown, options: MeasureOptions, name: string) {
  const { parameters, buffers } = contentsOf(layer)
  const subject: Subject = {
    name,
    inputs: tensorsIn(value),
    parameters,
    buffers,
    forward: (observer) => runLayer(layer, value, observer),
  }
  return withValues([...parameters, ...buffers], async () => {
    const piece = await measurePiece(subject, options)
    const tape = record(() => runLayer(layer, value, undefined), [])
    try {
      return { piece, output: mapTensors(tape.outputs, (tensor) => tensor.clone()) }
    } finally {
      tape.dispose()
    }
  })
}

/** A training step of no run: the first of its first epoch. */
function runLayer(layer: AnyLayer, value: unknown, observer: LayerObserver | undefined): unknown {
  const updates = new BufferUpdates()
  const [first] = tensorsIn(value)
  const step = new ForwardScope(
    {
      seed: 0,
      mode: 'train',
      globalStep: 0,
      epoch: 0,
      batchIndex: 0,
      microBatch: 0,
      firstSample: 0,
      globalBatchSize: first?.shape[0] ?? 1,
    },
    { updates, intercept: observer?.see },
  )
  try {
    return layer.forward(value, step)
  } finally {
    updates.discard()
  }
}

const nameOf = (layer: AnyLayer, index: number): string => layer.path || `${index}: ${layer.describe()}`

/** Of a layer that is like one that was measured. */
const named = (twin: MeasuredPiece, layer: AnyLayer, index: number): MeasuredPiece => ({
  ...twin,
  name: nameOf(layer, index),
  parameters: layer.parameters().map(measuredParameter),
})

const shapesOf = (value: unknown): string =>
  JSON.stringify(mapTensors(value, (tensor) => ({ shape: tensor.shape, dtype: tensor.dtype }) as never))

function zerosLike(shapes: string): unknown {
  return JSON.parse(shapes, (_key, value: unknown) =>
    isShape(value) ? zeros(value.shape as [number], value.dtype) : value,
  ) as unknown
}

const isShape = (value: unknown): value is { shape: number[]; dtype: Tensor['dtype'] } =>
  typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value

function replaced<T>(before: unknown, value: T): T {
  disposeAll(before)
  return value
}
