import { Parameter, zeros } from '@levin/core'
import { tensor } from '@tensorflow/tfjs-core'
import { Bfloat16Sums } from '../../src/ddp/bfloat16.js'
import { PowerSgd } from '../../src/ddp/power-sgd.js'
import { exactSums } from '../../src/ddp/sums.js'
import { drive } from '../../src/group/task.js'
import { TensorAccess } from '../../src/group/tensor-access.js'
import { acceleratorOf, type Place } from './place.js'

/** Numbers of many sizes, which differ by rank and step. */
export function valuesOf(rank: number, step: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(1 + i * 0.7 + rank * 3 + step) * 10 ** ((i % 5) - 2))
}

export interface Summed {
  readonly values: Float32Array
  readonly bytesSent: number
}

/** One array summed over the ranks. */
export async function sum(
  { group }: Place,
  { kind, length }: { kind: 'exact' | 'bf16'; length: number },
): Promise<Summed> {
  const values = valuesOf(group.rank, 0, length)
  const before = group.traffic.bytesSent
  const sums = kind === 'bf16' ? new Bfloat16Sums() : exactSums
  await drive(sums.sum(values, group), group.blocking ?? group.asynchronous)
  return { values, bytesSent: group.traffic.bytesSent - before }
}

export interface Approximation {
  readonly shapes: readonly (readonly number[])[]
  readonly steps: number
  readonly rank: number
}

/** Gradients of some shapes over some steps, each summed by PowerSGD: the sums by step and shape. */
export async function approximate(
  { group, world }: Place,
  { shapes, steps, rank }: Approximation,
): Promise<{ sums: Float32Array[][]; bytesSent: number[]; compresses: boolean[] }> {
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const parameters = shapes.map((shape, index) => {
    const parameter = new Parameter(shape, zeros())
    parameter.addPath(`p${index}`)
    return parameter
  })
  const powerSgd = new PowerSgd({ rank, minCompressionRate: 1 }, new TensorAccess(accelerator))
  const sums: Float32Array[][] = []
  const bytesSent: number[] = []
  for (let step = 0; step < steps; step++) {
    const slots = parameters.map((parameter, index) => ({
      parameter,
      gradient: tensor(valuesOf(group.rank, step + 10 * index, parameter.size), [...parameter.shape]),
    }))
    const before = group.traffic.bytesSent
    await drive(powerSgd.sum(slots, group), group.blocking ?? group.asynchronous)
    bytesSent.push(group.traffic.bytesSent - before)
    sums.push(slots.map(({ gradient }) => gradient.dataSync<'float32'>().slice()))
    for (const { gradient } of slots) gradient.dispose()
  }
  powerSgd.dispose()
  return { sums, bytesSent, compresses: shapes.map((shape) => powerSgd.compresses(shape)) }
}

/** A gradient of zeros, and then one of rank 1: by how much the sums of the second are wrong. */
export async function zeroThenLowRank({ group, world }: Place): Promise<number[]> {
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const parameter = new Parameter([20, 30], zeros())
  parameter.addPath('p')
  const powerSgd = new PowerSgd({ rank: 2, minCompressionRate: 1 }, new TensorAccess(accelerator))
  let errors: number[] = []
  for (const factor of [0, 1]) {
    const values = Float32Array.from({ length: 600 }, (_, i) => factor * (1 + Math.floor(i / 30)) * Math.sin(i % 30))
    const slot = { parameter, gradient: tensor(values, [20, 30]) }
    await drive(powerSgd.sum([slot], group), group.blocking ?? group.asynchronous)
    const sum = slot.gradient.dataSync<'float32'>()
    errors = [...values].map((value, i) => Math.abs((sum[i] as number) - group.size * value) / 20)
    slot.gradient.dispose()
  }
  powerSgd.dispose()
  return errors
}
