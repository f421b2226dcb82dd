import { clipByValue, keep, mul, neg, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape } from './checks.js'
import { guardInPlace } from './in-place.js'
import { callKernel, hasKernel } from './kernel.js'

/** What every optimizer update does to gradients first, in this order: scale, clip, negate. */
export interface GradientOptions {
  /** Factor on every gradient; a scalar tensor where clipping by norm must not be read back. Default 1. */
  readonly gradientScale?: number | Scalar | undefined
  /** Bound on the absolute value of every element, after scaling. Default: none. */
  readonly clipValue?: number | undefined
  /** Go up instead of down. Default `false`. */
  readonly maximize?: boolean | undefined
}

/** The attributes that kernels of optimizer updates share. */
export interface UpdateAttrs {
  /** How many parameters there are. */
  readonly count: number
  /** Factor on every gradient. */
  readonly gradientScale: number
  /** Whether the last input is a scalar tensor `[]`, a further factor. */
  readonly hasScaleTensor: boolean
  /** Bound on the absolute value of every scaled gradient element; 0: none. */
  readonly clipValue: number
  /** Whether the scaled and clipped gradient is negated. */
  readonly maximize: boolean
}

/** A parameter with its gradient. Tensors are float32 and all of the parameter's shape. */
export interface UpdateEntry {
  readonly parameter: Tensor
  readonly gradient: Tensor
}

/** One update of many tensors: by one kernel call in place, or composed. */
export interface Update<K extends string, A extends UpdateAttrs> {
  readonly op: string
  readonly kernelName: string
  /** The state tensors of an entry, in the order in which the kernel gets them. */
  readonly slots: readonly K[]
  readonly attrs: Omit<A, keyof UpdateAttrs>
  readonly options: GradientOptions
  /** New values from old ones and the gradient after scaling, clipping and negation. Runs in a tidy scope. */
  compose(entry: Record<K | 'parameter', Tensor>, gradient: Tensor): Record<K | 'parameter', Tensor>
}

export type UpdateValues<K extends string> = Record<K | 'parameter', Tensor>

/**
 * Runs an update. With a kernel every tensor is changed in place and the result holds the same objects; without, fresh
 * tensors that outlive every scope (`tf.keep`), which the caller puts in place of the old ones and disposes in time.
 * Either way no input is disposed.
 *
 * In place, clones of a parameter or of its state change with it: copy what has to last. Gradients may share data with any
 * other tensor; two tensors that are changed may not.
 */
export function runUpdate<K extends string, A extends UpdateAttrs>(
  entries: readonly (UpdateEntry & Record<K, Tensor>)[],
  update: Update<K, A>,
): UpdateValues<K>[] {
  const keys: readonly (K | 'parameter')[] = ['parameter', ...update.slots]
  const { gradientScale = 1, clipValue = 0, maximize = false } = update.options
  checkEntries(entries, update)
  if (entries.length === 0) return []
  if (hasKernel(update.kernelName)) {
    updateInPlace(entries, update, keys)
    return entries.map((entry) => pick(entry, keys))
  }
  return entries.map((entry) => {
    const values = tidy(() => update.compose(entry, prepared(entry.gradient, { gradientScale, clipValue, maximize })))
    for (const key of keys) keep(values[key])
    return values
  })
}

// --- Internal helpers ---

function updateInPlace<K extends string, A extends UpdateAttrs>(
  entries: readonly (UpdateEntry & Record<K, Tensor>)[],
  update: Update<K, A>,
  keys: readonly (K | 'parameter')[],
): void {
  const { gradientScale = 1, clipValue = 0, maximize = false } = update.options
  const scale = typeof gradientScale === 'number' ? undefined : gradientScale
  const shared: UpdateAttrs = {
    count: entries.length,
    gradientScale: scale === undefined ? (gradientScale as number) : 1,
    hasScaleTensor: scale !== undefined,
    clipValue,
    maximize,
  }
  const written: Tensor[] = []
  for (const entry of entries) for (const key of keys) written.push(entry[key])
  const nameOf = (index: number) => `\`${keys[index % keys.length]}\` of entry ${Math.floor(index / keys.length)}`
  tidy(() => {
    const readable = guardInPlace(update.op, written, nameOf)
    const inputs: Tensor[] = []
    for (const entry of entries) {
      inputs.push(entry.parameter, readable(entry.gradient))
      for (const slot of update.slots) inputs.push(entry[slot])
    }
    if (scale !== undefined) inputs.push(readable(scale))
    callKernel(update.kernelName, inputs, { ...update.attrs, ...shared })
  })
}

function pick<K extends string>(entry: Record<K, Tensor>, keys: readonly K[]): Record<K, Tensor> {
  return Object.fromEntries(keys.map((key) => [key, entry[key]])) as Record<K, Tensor>
}

function prepared(gradient: Tensor, options: Required<{ [O in keyof GradientOptions]: GradientOptions[O] }>): Tensor {
  const { gradientScale = 1, clipValue = 0, maximize } = options
  const scaled = gradientScale === 1 ? gradient : mul(gradient, gradientScale)
  const clipped = clipValue > 0 ? clipByValue(scaled, -clipValue, clipValue) : scaled
  return maximize ? neg(clipped) : clipped
}

function checkEntries<K extends string, A extends UpdateAttrs>(
  entries: readonly (UpdateEntry & Record<K, Tensor>)[],
  { op, slots, options }: Update<K, A>,
): void {
  const { gradientScale = 1, clipValue = 0 } = options
  check(clipValue >= 0, op, () => `\`clipValue\` must be above 0, or 0 for none, but is ${clipValue}`)
  if (typeof gradientScale !== 'number') checkShape(op, 'gradientScale', gradientScale, [], 'a scalar')
  entries.forEach((entry, index) => {
    for (const name of ['parameter', 'gradient', ...slots] as const) {
      const tensor = (entry as Record<string, Tensor | undefined>)[name]
      check(tensor !== undefined, op, () => `entry ${index} needs \`${name}\`, a tensor of the parameter's shape`)
      checkFloat(op, name, tensor)
      checkShape(op, name, tensor, entry.parameter.shape, `that of the parameter of entry ${index}`)
    }
  })
}
