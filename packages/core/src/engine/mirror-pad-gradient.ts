import { add, type GradConfig, pad, reverse, slice, type Tensor, tidy } from '@tensorflow/tfjs-core'

interface MirrorPadAttributes {
  readonly paddings: readonly (readonly [number, number])[]
  readonly mode: 'reflect' | 'symmetric'
}

/** Gives what was mirrored along one axis back to the numbers that it was mirrored from. */
function foldAxis(
  dy: Tensor,
  axis: number,
  size: number,
  [before, after]: readonly [number, number],
  edge: number,
): Tensor {
  const part = (from: number, length: number): Tensor => {
    const at = (value: number, other: (axis: number) => number) =>
      dy.shape.map((_, i) => (i === axis ? value : other(i)))
    return slice(
      dy,
      at(from, () => 0),
      at(length, (i) => dy.shape[i] as number),
    )
  }
  const placed = (mirrored: Tensor, from: number, length: number): Tensor =>
    pad(
      reverse(mirrored, axis),
      dy.shape.map((_, i) => (i === axis ? [from, size - from - length] : [0, 0])),
    )
  let dx = part(before, size)
  if (before > 0) dx = add(dx, placed(part(0, before), edge, before))
  if (after > 0) dx = add(dx, placed(part(before + size, after), size - edge - after, after))
  return dx
}

/** d/dx of `mirrorPad`. tfjs's own forgets what was mirrored: it takes the gradient of the middle alone. */
export const mirrorPadGradient: GradConfig = {
  kernelName: 'MirrorPad',
  inputsToSave: ['x'],
  gradFunc(dy, saved, attributes) {
    const { shape } = saved[0] as Tensor
    const { paddings, mode } = attributes as unknown as MirrorPadAttributes
    // Reflection leaves the outermost number out.
    const edge = mode === 'reflect' ? 1 : 0
    const fold = (gradient: Tensor, size: number, axis: number): Tensor =>
      foldAxis(gradient, axis, size, paddings[axis] ?? [0, 0], edge)
    return { x: () => tidy(() => shape.reduce(fold, dy as Tensor)) }
  },
}
