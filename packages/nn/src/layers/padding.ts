import { describe } from '@levin/core'
import { type backend_util, util } from '@tensorflow/tfjs-core'
import { badOption, type Pair, wholePair } from '../options.js'

/**
 * What is added around an image before a window slides over it: a number of rows and columns on each side, one number
 * for both axes or `[height, width]`; `'valid'`: none; `'same'`: as much as gives `ceil(size / stride)` outputs, the odd
 * one after the end (PyTorch has `'same'` for stride 1 only).
 */
export type Padding = Pair | 'same' | 'valid'

/** Rows or columns before and after, of both axes. */
export type Pads = readonly [height: readonly [number, number], width: readonly [number, number]]

/** A window as it slides over the two middle axes. */
export interface Window {
  /** 1: over sequences, which are images of one row. */
  readonly axes: 1 | 2
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: Padding
  readonly dilation: readonly [number, number]
}

export function checkedPadding(owner: string, padding: Padding): Padding {
  if (padding === 'same' || padding === 'valid') return padding
  if (typeof padding === 'string') {
    throw badOption(owner, 'padding', "a whole number, [height, width], 'same' or 'valid'", padding)
  }
  return wholePair(owner, 'padding', padding, 0)
}

/** How far a window with gaps between its taps reaches. */
export const reach = (size: number, dilation: number): number => (size - 1) * dilation + 1

/** The padding of an image of this size in rows and columns. */
export function padsFor({ size, stride, padding, dilation }: Window, image: readonly [number, number]): Pads {
  const along = (axis: 0 | 1): readonly [number, number] => {
    if (padding === 'valid') return [0, 0]
    if (padding !== 'same') {
      const pad = typeof padding === 'number' ? padding : padding[axis]
      return [pad, pad]
    }
    const outputs = Math.ceil(image[axis] / stride[axis])
    const total = Math.max(0, (outputs - 1) * stride[axis] + reach(size[axis], dilation[axis]) - image[axis])
    return [Math.floor(total / 2), Math.ceil(total / 2)]
  }
  return [along(0), along(1)]
}

/** Whether the window fits into the padded image at least once. */
export function windowFits({ size, dilation }: Window, image: readonly [number, number], pads: Pads): boolean {
  return ([0, 1] as const).every(
    (axis) => image[axis] + pads[axis][0] + pads[axis][1] >= reach(size[axis], dilation[axis]),
  )
}

/**
 * As tfjs takes it. Never a number: tfjs then computes the width's output with the height's window.
 */
export function explicitPadding([height, width]: Pads): 'valid' | backend_util.ExplicitPadding {
  if (height[0] + height[1] + width[0] + width[1] === 0) return 'valid'
  return [[0, 0], [...height], [...width], [0, 0]]
}

/** How small an image or a sequence may be, after padding. */
export function leastInput({ axes, size, dilation }: Window): string {
  const least = [reach(size[0], dilation[0]), reach(size[1], dilation[1])]
  return `${axes === 1 ? 'a sequence' : 'an image'} of at least ${least.slice(2 - axes).join('×')} after padding`
}

/** `'3×3'`, and the settings that are not the usual ones. */
export function describeWindow(window: Window, usualStride: readonly number[]): string {
  const { axes, size, stride, padding, dilation } = window
  const times = (pair: readonly number[]): string => pair.slice(2 - axes).join('×')
  const parts = [times(size)]
  if (!util.arraysEqual([...stride], [...usualStride])) parts.push(`stride ${times(stride)}`)
  if (typeof padding === 'string') parts.push(...(padding === 'same' ? [`padding ${describe(padding)}`] : []))
  else if (padding !== 0 && !util.arraysEqual([...(padding as readonly number[])], [0, 0])) {
    parts.push(`padding ${times(padding as readonly number[])}`)
  }
  if (!util.arraysEqual([...dilation], [1, 1])) parts.push(`dilation ${times(dilation)}`)
  return parts.join(', ')
}
