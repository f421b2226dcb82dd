import { LevinError } from '@levin/core'
import type { Axis, AxisNumbers } from './layout.js'
import type { MeshOptions } from './options.js'

/** Options that only do something among several ranks of an axis, or of one of two. */
const NEEDS: Readonly<Partial<Record<keyof MeshOptions, readonly Axis[]>>> = {
  schedule: ['pipeline'],
  chunks: ['pipeline'],
  layersPerStage: ['pipeline'],
  trace: ['pipeline'],
  sequenceParallel: ['tensor'],
  zero: ['data', 'context'],
}

/** What was asked for and needs several ranks of an axis. What is switched off asks for nothing. */
export const askedFor = (options: MeshOptions): readonly (keyof MeshOptions)[] =>
  (Object.keys(NEEDS) as (keyof MeshOptions)[]).filter(
    (name) => options[name] && !(name === 'chunks' && options.chunks === 1),
  )

/**
 * An option that is accepted works. One worker is let off where the axis is the one that takes what workers there are: the same program
 * runs on one of them and on many.
 *
 * @throws LEVIN_BAD_OPTION for one that would do nothing on this mesh
 */
export function requireNoIdleOptions(asked: readonly (keyof MeshOptions)[], sizes: AxisNumbers, rest: Axis): void {
  const isAlone = Object.values(sizes).every((size) => size === 1)
  for (const name of asked) {
    const axes = NEEDS[name] ?? []
    if (axes.some((axis) => sizes[axis] > 1) || (isAlone && axes.includes(rest))) continue
    const which = axes.map((axis) => `'${axis}'`).join(' or ')
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option '${name}' would do nothing: no two ranks of this mesh are along ${which}.`,
      expected: `two ranks or more along ${which}`,
      found: Object.entries(sizes)
        .map(([axis, size]) => `${axis}: ${size}`)
        .join(', '),
      remedy: `Leave '${name}' out, or change the mesh.`,
    })
  }
}
