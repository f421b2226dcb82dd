import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { copyStrided, fillStrided, stepsOf } from '../strided-copy.js'
import { bytesPerElement } from '../wasm-backend.js'

type Paddings = readonly (readonly [before: number, after: number])[]

const paddedShape = (shape: readonly number[], paddings: Paddings): number[] =>
  shape.map((length, axis) => length + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0))

/** The constant as four bytes that repeat; `undefined` for a complex number that has no such. */
function patternOf(dtype: DataType, value: number): number | undefined {
  if (dtype === 'bool') return (value & 0xff) * 0x01010101
  if (dtype === 'int32') return value | 0
  if (dtype === 'complex64' && value !== 0) return undefined
  return new Int32Array(Float32Array.of(value).buffer)[0] ?? 0
}

/** Fills the borders of every axis: as far as x goes along the axes before it, whole along those after it. */
function fillBorders(runtime: Runtime, x: TensorInfo, out: TensorInfo, paddings: Paddings, pattern: number): void {
  const unit = bytesPerElement(x.dtype)
  const steps = stepsOf(out.shape, unit)
  let origin = runtime.address(out)
  for (const [bordered, [before, after]] of paddings.entries()) {
    const step = steps[bordered] ?? 0
    const fill = (count: number, from: number) => {
      if (count === 0) return
      const axes = steps.map((to, axis) => {
        if (axis === bordered) return { count, to }
        return { count: (axis < bordered ? x.shape[axis] : out.shape[axis]) ?? 1, to }
      })
      fillStrided(runtime, unit, axes, pattern, origin + from * step)
    }
    fill(before, 0)
    fill(after, before + (x.shape[bordered] ?? 1))
    origin += before * step
  }
}

/** Fills a whole tensor with a complex number. */
function fillComplex(runtime: Runtime, out: TensorInfo, value: number): void {
  const first = runtime.address(out)
  new Float32Array(runtime.heap, first, 2).set([value, 0])
  runtime.wasm.repeatBlocks(first, first, 1, 8, sizeOf(out.shape))
}

/** Copies `x` to its place within the padded tensor. */
function copyCenter(runtime: Runtime, x: TensorInfo, out: TensorInfo, paddings: Paddings): void {
  if (sizeOf(x.shape) === 0) return
  const unit = bytesPerElement(x.dtype)
  const from = stepsOf(x.shape, unit)
  const to = stepsOf(out.shape, unit)
  let target = runtime.address(out)
  const axes = x.shape.map((count, axis) => {
    const step = to[axis] ?? 0
    target += (paddings[axis]?.[0] ?? 0) * step
    return { count, from: from[axis] ?? 0, to: step }
  })
  copyStrided(runtime, unit, axes, runtime.address(x), target)
}

export const padV2: KernelDefinition = {
  name: 'PadV2',
  gain: 'fills borders, and copies rows; the stock kernel copies element by element; on complex64 too',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const paddings = attrs['paddings'] as unknown as Paddings
    const out = runtime.output(paddedShape(x.shape, paddings), x.dtype)
    if (sizeOf(out.shape) === 0) return out
    const value = Number(attrs['constantValue'] ?? 0)
    const pattern = patternOf(x.dtype, value)
    if (pattern === undefined) fillComplex(runtime, out, value)
    else fillBorders(runtime, x, out, paddings, pattern)
    copyCenter(runtime, x, out, paddings)
    return out
  },
}

/**
 * Mirrors within the output, one axis after the other: both borders of an axis, whole along the axes before it, which have
 * theirs already, and as far as x goes along those after it.
 */
function mirrorAxis(
  runtime: Runtime,
  x: TensorInfo,
  out: TensorInfo,
  paddings: Paddings,
  mirrored: number,
  skip: number,
): void {
  const unit = bytesPerElement(x.dtype)
  const steps = stepsOf(out.shape, unit)
  const [before, after] = paddings[mirrored] ?? [0, 0]
  const step = steps[mirrored] ?? 0
  let origin = runtime.address(out)
  for (let axis = mirrored + 1; axis < out.shape.length; axis++)
    origin += (paddings[axis]?.[0] ?? 0) * (steps[axis] ?? 0)
  const copy = (count: number, from: number, to: number) => {
    if (count === 0) return
    const axes = out.shape.map((length, axis) => {
      const each = steps[axis] ?? 0
      if (axis === mirrored) return { count, from: -each, to: each }
      return { count: axis < mirrored ? length : (x.shape[axis] ?? 1), from: each, to: each }
    })
    copyStrided(runtime, unit, axes, origin + from * step, origin + to * step)
  }
  const length = x.shape[mirrored] ?? 1
  copy(before, 2 * before - 1 + skip, 0)
  copy(after, before + length - 1 - skip, before + length)
}

export const mirrorPad: KernelDefinition = {
  name: 'MirrorPad',
  gain: 'copies rows; the stock kernel copies element by element; on complex64 too',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const paddings = attrs['paddings'] as unknown as Paddings
    const out = runtime.output(paddedShape(x.shape, paddings), x.dtype)
    if (sizeOf(x.shape) === 0) return out
    copyCenter(runtime, x, out, paddings)
    // `reflect` does not repeat the element at the border.
    const skip = attrs['mode'] === 'reflect' ? 1 : 0
    for (let axis = 0; axis < x.shape.length; axis++) mirrorAxis(runtime, x, out, paddings, axis, skip)
    return out
  },
}
