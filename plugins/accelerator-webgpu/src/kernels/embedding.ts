import { kernelNames } from '@levin/ops'
import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import { kernel } from './kernel.js'
import { discard, filled, groupsOf, output, sizeOf } from './tensors.js'

/**
 * The gradient of a table, the same bits in every run: no atomic additions, whose order is the device's. Each place of the
 * ids finds the next one with the same id; the first of each then adds up its chain, in order.
 *
 * Costs ids² / 2 comparisons, and reads no more of the table's gradient than is written.
 */

// -2: not the first with its id. -1: the end of a chain. Two numbers per place: the next, and whether this is the first.
const links: ComputeProgram = {
  name: 'LevinEmbeddingLinks',
  writes: ['next:i32', 'isFirst:i32'],
  reads: ['ids:i32'],
  uniforms: { count: 'u32' },
  body: `
  if (i >= u.count) { return; }
  let id = ids[i];
  var following = -1;
  for (var at = i + 1u; at < u.count; at++) { if (ids[at] == id) { following = i32(at); break; } }
  var first = 1;
  for (var at = 0u; at < i; at++) { if (ids[at] == id) { first = 0; break; } }
  next[i] = following;
  isFirst[i] = first;`,
}

const zero: ComputeProgram = {
  name: 'LevinZero',
  writes: ['y'],
  reads: [],
  uniforms: { size: 'u32' },
  body: 'if (i < u.size) { y[i] = 0.0; }',
}

const addChains: ComputeProgram = {
  name: 'LevinEmbeddingGrad',
  writes: ['table'],
  reads: ['dy', 'ids:i32', 'next:i32', 'isFirst:i32'],
  uniforms: { size: 'u32', width: 'u32', count: 'i32', paddingIndex: 'i32' },
  body: `
  if (i >= u.size) { return; }
  let place = i / u.width;
  let column = i - place * u.width;
  let id = ids[place];
  if (isFirst[place] == 0 || id < 0 || id >= u.count || id == u.paddingIndex) { return; }
  var sum = 0.0;
  for (var at = i32(place); at >= 0; at = next[at]) { sum += dy[u32(at) * u.width + column]; }
  table[u32(id) * u.width + column] = sum;`,
}

export const embeddingKernels: readonly KernelConfig[] = [
  kernel(kernelNames.embeddingGrad, (backend, { dy, ids }, { count, paddingIndex }) => {
    const [places, width] = dy.shape as [number, number]
    const shape = [count, width]
    if (places * width === 0 || count === 0) return filled(backend, shape)
    const table = output(backend, shape)
    const [next, isFirst] = [output(backend, [places], 'int32'), output(backend, [places], 'int32')]
    const size = sizeOf(shape)
    backend.compute(zero, [table], [], { size }, groupsOf(size))
    backend.compute(links, [next, isFirst], [ids], { count: places }, groupsOf(places))
    const values = { size: places * width, width, count, paddingIndex }
    backend.compute(addChains, [table], [dy, ids, next, isFirst], values, groupsOf(places * width))
    discard(backend, next)
    discard(backend, isFirst)
    return table
  }),
]
