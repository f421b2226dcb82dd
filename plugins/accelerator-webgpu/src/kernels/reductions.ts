import { kernelNames } from '@levin/ops'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { kernel } from './kernel.js'
import { discard, filled, output, sizeOf } from './tensors.js'

const THREADS = 256

/** `sumOf(lane, x)`: the sum over a workgroup of {@link THREADS}, in an order that never changes. All threads call it. */
const WORKGROUP_SUM = `
var<workgroup> partials: array<f32, ${THREADS}>;
fn sumOf(lane: u32, x: f32) -> f32 {
  partials[lane] = x;
  workgroupBarrier();
  for (var span = ${THREADS / 2}u; span > 0u; span = span / 2u) {
    if (lane < span) { partials[lane] = partials[lane] + partials[lane + span]; }
    workgroupBarrier();
  }
  let total = partials[0];
  workgroupBarrier();
  return total;
}`

/** Elements that one workgroup adds up. */
const SHARE = THREADS * 64

// Each workgroup writes one partial sum at a place of its own: the order of addition does not depend on the machine.
const partialNorms: ComputeProgram = {
  name: 'LevinSquaredNorm',
  writes: ['sums'],
  reads: ['x'],
  uniforms: { size: 'u32', offset: 'u32', groups_: 'u32' },
  workgroupSize: THREADS,
  declarations: WORKGROUP_SUM,
  body: `
  if (group >= u.groups_) { return; }
  var sum = 0.0;
  let end = min(u.size, (group + 1u) * ${SHARE}u);
  for (var at = group * ${SHARE}u + lane; at < end; at += ${THREADS}u) { sum += x[at] * x[at]; }
  let total = sumOf(lane, sum);
  if (lane == 0u) { sums[u.offset + group] = total; }`,
}

const addUpProgram = (divisor: string, reads: readonly string[]): ComputeProgram => ({
  name: 'LevinAddUp',
  writes: ['y'],
  reads,
  uniforms: { size: 'u32', divisor: 'f32' },
  workgroupSize: THREADS,
  declarations: WORKGROUP_SUM,
  body: `
  if (group > 0u) { return; }
  var sum = 0.0;
  for (var at = lane; at < u.size; at += ${THREADS}u) { sum += x[at]; }
  let total = sumOf(lane, sum);
  if (lane == 0u) { y[0] = total / ${divisor}; }`,
})

const addUp = addUpProgram('u.divisor', ['x'])
const meanUp = addUpProgram('total_[0]', ['x', 'total_'])

/** The sum of a vector over `divisor`, or over what a tensor holds, as a scalar. */
export function addUpVector(backend: LevinBackend, x: TensorInfo, divisor: number | TensorInfo = 1): TensorInfo {
  const y = output(backend, [])
  const size = sizeOf(x.shape)
  if (typeof divisor === 'number') backend.compute(addUp, [y], [x], { size, divisor }, 1)
  else backend.compute(meanUp, [y], [x, divisor], { size, divisor: 1 }, 1)
  return y
}

export const reductionKernels: readonly KernelConfig[] = [
  kernel(kernelNames.squaredNorm, (backend, tensors) => {
    const full = tensors.filter(({ shape }) => sizeOf(shape) > 0)
    if (full.length === 0) return filled(backend, [])
    const groups = full.map(({ shape }) => Math.ceil(sizeOf(shape) / SHARE))
    const sums = output(backend, [groups.reduce((total, count) => total + count, 0)])
    let offset = 0
    for (const [index, x] of full.entries()) {
      const count = groups[index] as number
      backend.compute(partialNorms, [sums], [x], { size: sizeOf(x.shape), offset, groups_: count }, count)
      offset += count
    }
    const y = addUpVector(backend, sums)
    discard(backend, sums)
    return y
  }),
]
