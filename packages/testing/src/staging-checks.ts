import { type Accelerator, type HostTensor, hostTensor, type StagedTensor } from '@levin/core'
import { expectEqual, expectNoLeak, expectTrue } from './expectations.js'

const TENSORS: readonly HostTensor[] = [
  hostTensor(Float32Array.of(1.5, -2, 3e-20, 4e20, -0.25, 6), [2, 3]),
  hostTensor(Int32Array.of(-7, 0, 16_777_217), [3, 1]),
  hostTensor(Uint8Array.of(1, 0, 1, 1), [2, 2]),
  hostTensor(Float32Array.of(4), []),
  hostTensor(new Float32Array(0), [0, 3]),
]

/** Stages, fills, lets the device's memory move, uploads. An accelerator that stages nothing passes. */
export async function checkStagedUploads(accelerator: Accelerator): Promise<void> {
  for (const host of TENSORS) {
    const staged = stageFilled(accelerator, host)
    if (!staged) continue
    const what = `a staged ${host.dtype} tensor of shape [${host.shape.join(', ')}]`
    expectEqual([staged.dtype, [...staged.shape]], [host.dtype, [...host.shape]], `dtype and shape of ${what}`)
    moveMemory(accelerator)
    expectEqual([...staged.data], [...host.data], `values of ${what} after other tensors were made`)
    const uploaded = accelerator.upload(staged)
    expectEqual([uploaded.dtype, [...uploaded.shape]], [host.dtype, [...host.shape]], `dtype and shape of ${what}`)
    expectEqual(staged.data.length, 0, `values that ${what} shows once it was uploaded`)
    moveMemory(accelerator)
    expectEqual([...(await uploaded.data())], [...host.data], `values of ${what}, uploaded`)
    uploaded.dispose()
  }
  const cycle = () => {
    for (const host of TENSORS) {
      const staged = stageFilled(accelerator, host)
      if (staged) accelerator.upload(staged).dispose()
    }
  }
  await expectNoLeak(cycle, 'staging, an upload and disposing')
}

/** Releases more often than needed, and looks for what that would break. */
export async function checkStagedMemory(accelerator: Accelerator): Promise<void> {
  const values = hostTensor(Float32Array.of(1, 2, 3, 4), [4])
  const staged = stageFilled(accelerator, values)
  if (!staged) return
  const uploaded = accelerator.upload(staged)
  staged.release()
  const released = stageFilled(accelerator, values)
  released?.release()
  released?.release()
  expectEqual(released?.data.length, 0, 'values that a staged tensor shows once it was released')
  const [ones, twos] = [1, 2].map((value) => stageFilled(accelerator, hostTensor(new Float32Array(4).fill(value), [4])))
  expectEqual([...(ones?.data ?? [])], [1, 1, 1, 1], 'memory staged after a second release')
  expectEqual([...(await uploaded.data())], [1, 2, 3, 4], 'a tensor whose staged memory was released afterwards')
  ones?.release()
  twos?.release()
  uploaded.dispose()
  const megabyte = () => accelerator.stage?.([256, 1024], 'float32')
  await expectNoLeak(() => megabyte()?.release(), 'staging and releasing')
  const { capacity } = accelerator.memory()
  for (let i = 0; i < 100; i++) megabyte()?.release()
  expectTrue(accelerator.memory().capacity === capacity, 'Memory that was staged and released is not used again.')
}

function stageFilled(accelerator: Accelerator, { data, shape, dtype }: HostTensor): StagedTensor | undefined {
  const staged = accelerator.stage?.(shape, dtype)
  staged?.data.set(data)
  return staged
}

/** Makes and frees tensors of 16 MiB in all, for which a heap that grows by need must grow, at first. */
function moveMemory(accelerator: Accelerator): void {
  const quarter = hostTensor(new Float32Array(2 ** 20), [2 ** 20])
  const tensors = [0, 1, 2, 3].map(() => accelerator.upload(quarter))
  for (const tensor of tensors) tensor.dispose()
}
