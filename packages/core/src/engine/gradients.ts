import { type GradConfig, getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs-core'
import { gradients } from '../generated/gradients.js'
import { additions, repairs } from './gradient-additions.js'

/**
 * Kernels whose gradient function reads nothing but the shape of its saved inputs: of all, or of the one named.
 *
 * Found by reading them; the tests compare each with `tf.variableGrads`, which saves everything.
 */
const SHAPE_ONLY: ReadonlyMap<string, 'all' | { readonly input: string }> = new Map<
  string,
  'all' | { readonly input: string }
>([
  ['Add', 'all'],
  ['AddN', 'all'],
  ['Concat', 'all'],
  ['ExpandDims', 'all'],
  ['GatherNd', { input: 'params' }],
  ['GatherV2', { input: 'x' }],
  ['Mean', 'all'],
  ['MirrorPad', 'all'],
  ['PadV2', 'all'],
  ['Reshape', 'all'],
  ['Slice', 'all'],
  ['Sub', 'all'],
  ['Sum', 'all'],
  ['TopK', { input: 'x' }],
])

/** Decided per configuration, not per name: a gradient that somebody else registered may read more. */
const shapeOnly = new Map<GradConfig, 'all' | { readonly input: string }>()

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
  for (const config of [...repairs, ...gradients, ...additions]) {
    const inputs = SHAPE_ONLY.get(config.kernelName)
    if (inputs !== undefined) shapeOnly.set(config, inputs)
  }
}

/** The saved inputs of which the gradient function needs the shape alone. */
export function shapeOnlyInputs(config: GradConfig): 'all' | { readonly input: string } | undefined {
  return shapeOnly.get(config)
}
