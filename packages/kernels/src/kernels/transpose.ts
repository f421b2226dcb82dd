import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { bytesPerElement } from '../wasm-backend.js'
import { byParts } from './complex-by-parts.js'

const complexTranspose = byParts('Transpose')

/** A transpose of planes: `[outer, rows, columns]` to `[outer, columns, rows]`. */
type Planes = readonly [outer: number, rows: number, columns: number]

/**
 * The planes that a permutation transposes, if that is all it does: some axes stay in front, and of the others those
 * from some axis on change places with those before it.
 */
function planesOf(shape: readonly number[], perm: readonly number[]): Planes | undefined {
  let front = 0
  while (front < perm.length && perm[front] === front) front++
  const split = perm[front]
  if (split === undefined) return undefined
  const moved = [...perm.keys()].slice(front)
  const wanted = [...moved.filter((axis) => axis >= split), ...moved.filter((axis) => axis < split)]
  if (wanted.some((axis, index) => perm[front + index] !== axis)) return undefined
  return [sizeOf(shape.slice(0, front)), sizeOf(shape.slice(front, split)), sizeOf(shape.slice(split))]
}

const isPlain = (x: TensorInfo): boolean =>
  x.dtype !== 'string' && x.dtype !== 'complex64' && bytesPerElement(x.dtype) === 4

export const transpose: KernelDefinition = {
  name: 'Transpose',
  gain: 'planes in blocks of 4 × 4, where the last axes change places with those before; on complex64 too',
  handles({ x }, attrs) {
    if (x === undefined || x.dtype === 'complex64') return true
    return isPlain(x) && planesOf(x.shape, attrs?.['perm'] as number[]) !== undefined
  },
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    if (x.dtype === 'complex64') return complexTranspose.compute(call)
    const perm = attrs['perm'] as number[]
    const [outer, rows, columns] = planesOf(x.shape, perm) as Planes
    const shape = perm.map((axis) => x.shape[axis] ?? 1)
    const out = runtime.output(shape, x.dtype)
    runtime.wasm.transposePlanes(runtime.address(x), runtime.address(out), outer, rows, columns)
    return out
  },
}
