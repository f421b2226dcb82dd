import '@tensorflow/tfjs-backend-cpu'
import { cpu, tfjsCpu } from '@levin/accelerators'
import { constant, engineMemory, Parameter } from '@levin/core'
import { tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { replaceValue } from '../src/group/same-module.js'
import { TensorAccess } from '../src/group/tensor-access.js'

describe.each([
  ['in the memory of the host', () => cpu({ blas: false })],
  ['out of its sight', () => tfjsCpu()],
] as const)('tensors %s', (_where, create) => {
  const prepared = async () => {
    const accelerator = create()
    await accelerator.setup()
    return new TensorAccess(accelerator)
  }

  test('take other values, and leave those that share their data as they are', async () => {
    const access = await prepared()
    const before = engineMemory().tensors
    const shared = tensor([1, 2, 3])
    const other = shared.clone()
    const written = access.write(shared, Float32Array.of(7, 8, 9))
    expect([...written.dataSync()]).toEqual([7, 8, 9])
    expect([...other.dataSync()]).toEqual([1, 2, 3])
    expect(written.shape).toEqual([3])
    const again = access.write(written, Float32Array.of(4, 5, 6))
    expect([...again.dataSync()]).toEqual([4, 5, 6])
    // In place where there is memory to write to.
    expect(again === written).toBe(access.hasMemory)
    for (const each of [again, other]) each.dispose()
    expect(engineMemory().tensors).toBe(before)
  })

  test('get memory of their own', async () => {
    const access = await prepared()
    const alone = tensor([1, 2])
    expect(access.own(alone)).toBe(alone)
    const other = alone.clone()
    const own = access.own(alone)
    access.memory(own)?.fill(0)
    expect([...other.dataSync()]).toEqual([1, 2])
    expect(alone.isDisposed).toBe(true)
    for (const each of [own, other]) each.dispose()
  })

  test('of a module are replaced without touching what shares their data', async () => {
    const access = await prepared()
    const parameter = new Parameter([2], constant(1))
    parameter.materialise({ seed: 0 })
    const seen = parameter.value.clone()
    replaceValue(parameter, Float32Array.of(5, 6), access)
    expect([...parameter.value.dataSync()]).toEqual([5, 6])
    expect([...seen.dataSync()]).toEqual([1, 1])
    seen.dispose()
    parameter.dispose()
  })
})
