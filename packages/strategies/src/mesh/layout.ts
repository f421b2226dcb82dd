import { LevinError } from '@levin/core'
import type { MeshAxes } from './options.js'

export type Axis = 'data' | 'pipeline' | 'context' | 'tensor'

/** A number for each axis: how many ranks it has, or where on it a rank stands. */
export type AxisNumbers = Readonly<Record<Axis, number>>

/**
 * From the outermost to the innermost: neighbours talk most. Tensor ranks meet several times in a layer, pipeline ranks once in a
 * micro-batch.
 */
const ORDER: readonly Axis[] = ['pipeline', 'data', 'context', 'tensor']

/**
 * The sizes of all axes for so many workers. One that is not named takes what the others leave.
 *
 * @param rest the axis that does so
 * @throws LEVIN_BAD_OPTION if the axes do not come to as many workers
 */
export function axisSizes(axes: MeshAxes, rest: Axis, workers: number): AxisNumbers {
  const named = ORDER.reduce((product, axis) => product * (axis === rest ? 1 : (axes[axis] ?? 1)), 1)
  const left = axes[rest] ?? workers / named
  const sizes = { data: 1, pipeline: 1, context: 1, tensor: 1, ...defined(axes), [rest]: left }
  if (Number.isInteger(left) && named * left === workers) return sizes
  const said = ORDER.filter((axis) => axes[axis] !== undefined)
    .map((axis) => `${axis}: ${axes[axis]}`)
    .join(', ')
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The mesh { ${said} } does not come to ${workers} ${workers === 1 ? 'worker' : 'workers'}.`,
    expected: axes[rest] === undefined ? `a multiple of ${named} workers` : `${named * (axes[rest] as number)} workers`,
    found: `${workers}`,
    remedy: `Set devices to the product of the axes, or leave '${rest}' out, which then takes what the others leave.`,
  })
}

/**
 * Where a rank stands. The pipeline is numbered from its end: the first ranks hold the last stage, on which steps run to their end,
 * so that global rank 0 is one that has a loss.
 */
export function placeOf(rank: number, sizes: AxisNumbers): AxisNumbers {
  const place: Record<Axis, number> = { data: 0, pipeline: 0, context: 0, tensor: 0 }
  let left = rank
  for (const axis of ORDER.toReversed()) {
    place[axis] = left % sizes[axis]
    left = Math.floor(left / sizes[axis])
  }
  place.pipeline = sizes.pipeline - 1 - place.pipeline
  return place
}

/** Numbers ranks that differ along `axes` alone alike: the colour of a split into groups along these axes. */
export const colourOf = (place: AxisNumbers, sizes: AxisNumbers, axes: readonly Axis[]): number =>
  ORDER.reduce((colour, axis) => (axes.includes(axis) ? colour : colour * sizes[axis] + place[axis]), 0)

/** The order of the ranks within such a group. */
export const keyOf = (place: AxisNumbers, sizes: AxisNumbers, axes: readonly Axis[]): number =>
  ORDER.reduce((key, axis) => (axes.includes(axis) ? key * sizes[axis] + place[axis] : key), 0)

/** Whether steps run to their end on this rank, and no other of the same part of the data says the same. */
export const speaks = (place: AxisNumbers, sizes: AxisNumbers): boolean =>
  place.pipeline === sizes.pipeline - 1 && place.tensor === 0

// --- Internal helpers ---

const defined = (axes: MeshAxes): Partial<Record<Axis, number>> =>
  Object.fromEntries(ORDER.flatMap((axis) => (axes[axis] === undefined ? [] : [[axis, axes[axis]]])))
