import { type GradConfig, getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs-core'
import { gradients } from '../generated/gradients.js'
import { additions, repairs } from './gradient-additions.js'

/** Kernels whose gradient function reads nothing of its saved tensors but their shapes. */
const SHAPE_ONLY: ReadonlySet<string> = new Set([
  'Add',
  'AddN',
  'Concat',
  'Cumsum',
  'ExpandDims',
  'Mean',
  'MirrorPad',
  'OneHot',
  'PadV2',
  'Reshape',
  'Slice',
  'Sub',
  'Sum',
])

/** Decided per configuration, not per name: a gradient that somebody else registered may read more. */
const shapeOnly = new Set<GradConfig>()

let registered = false

/**
 * Registers tfjs's gradient functions, and those that tfjs lacks, unless they are registered already.
 *
 * tfjs-core alone registers none; `@tensorflow/tfjs-layers` and `@tensorflow/tfjs` do so when they are imported.
 * Safe to call often and in any order with those imports; prints nothing.
 */
export function ensureGradients(): void {
  if (registered) return
  registered = true
  for (const config of repairs) {
    if (getGradient(config.kernelName) !== undefined) unregisterGradient(config.kernelName)
    registerGradient(config)
  }
  for (const config of [...gradients, ...additions]) {
    if (getGradient(config.kernelName) === undefined) registerGradient(config)
  }
  for (const config of [...repairs, ...gradients]) if (SHAPE_ONLY.has(config.kernelName)) shapeOnly.add(config)
}

export function readsShapesOnly(config: GradConfig): boolean {
  return shapeOnly.has(config)
}
