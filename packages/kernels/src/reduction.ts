// What kernels that reduce axes have in common: tensors are seen as [outer, reduced, inner], with one run of axes between
// those that stay.
import { type TensorInfo, util } from '@tensorflow/tfjs-core'

/** The axes that an attribute names, in ascending order; all where it names none. */
export function axesOf(x: TensorInfo, axis: unknown): number[] {
  return util.parseAxisParam((axis ?? null) as number | number[], x.shape).sort((a, b) => a - b)
}

/** A shape without some of its axes, or with length 1 along them. */
export function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  const kept: number[] = []
  for (let axis = 0; axis < shape.length; axis++) {
    if (!axes.includes(axis)) kept.push(shape[axis] ?? 1)
    else if (keepDims) kept.push(1)
  }
  return kept
}

/** A tensor seen as [outer, reduced, inner], for a run of axes. */
export function aroundRun(shape: readonly number[], axes: readonly number[]): [number, number, number] {
  const first = axes[0] ?? shape.length
  const end = first + axes.length
  let [outer, reduced, inner] = [1, 1, 1]
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis] ?? 1
    if (axis < first) outer *= length
    else if (axis < end) reduced *= length
    else inner *= length
  }
  return [outer, reduced, inner]
}

/** Axes in ascending order as runs, the last first: reducing them in turn moves none of those to come. */
export function runsOf(axes: readonly number[]): number[][] {
  const runs: number[][] = []
  for (let index = axes.length - 1; index >= 0; index--) {
    const axis = axes[index] as number
    const run = runs[runs.length - 1]
    if (run !== undefined && run[0] === axis + 1) run.unshift(axis)
    else runs.push([axis])
  }
  return runs
}
