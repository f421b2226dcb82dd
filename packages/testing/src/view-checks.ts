import { type Accelerator, type HostTensor, hostTensor, type NumericData } from '@levin/core'
import { add, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { expectEqual, expectNoLeak, expectTrue } from './expectations.js'

const TENSORS: readonly HostTensor[] = [
  hostTensor(Float32Array.of(1.5, -2, 3e-20, 4e20, -0.25, 6), [2, 3]),
  hostTensor(Int32Array.of(-7, 0, 16_777_217), [3, 1]),
  hostTensor(Uint8Array.of(1, 0, 1, 1), [2, 2]),
  hostTensor(Float32Array.of(4), []),
  hostTensor(new Float32Array(0), [0, 3]),
]

/** Reads and writes through views, of uploads and of results. An accelerator without views passes. */
export async function checkViews(accelerator: Accelerator): Promise<void> {
  if (!accelerator.view) return
  for (const host of TENSORS) {
    const uploaded = accelerator.upload(host)
    const what = `the view of a ${host.dtype} tensor of shape [${host.shape.join(', ')}]`
    const view = viewOf(accelerator, uploaded, what)
    expectEqual(view.constructor.name, host.data.constructor.name, `type of ${what}`)
    expectEqual([...view], [...host.data], `values of ${what}`)
    const reversed = host.data.slice().reverse()
    view.set(reversed)
    expectEqual([...(await uploaded.data())], [...reversed], `values of the tensor after a write to ${what}`)
    uploaded.dispose()
  }
  const uploaded = accelerator.upload(hostTensor(Float32Array.of(1, 2, 3), [3]))
  const sum = tidy(() => add(uploaded, 1))
  viewOf(accelerator, sum, 'the view of a result').set([7, 8, 9])
  const next = tidy(() => add(sum, 1))
  expectEqual([...(await next.data())], [8, 9, 10], 'what an operation makes of values written through a view')
  expectEqual([...(await uploaded.data())], [1, 2, 3], 'a tensor that another was computed from')
  for (const tensor of [uploaded, sum, next]) tensor.dispose()
  await expectNoLeak(() => {
    const made = accelerator.upload(hostTensor(Float32Array.of(1), [1]))
    accelerator.view?.(made)
    made.dispose()
  }, 'an upload, a view and disposing')
}

/** A clone and a reshape share data where the backend says so: writing through a view of one changes the others. */
export async function checkSharedViews(accelerator: Accelerator): Promise<void> {
  if (!accelerator.view) return
  const first = accelerator.upload(hostTensor(Float32Array.of(1, 2, 3, 4), [4]))
  const others = [first.clone(), tidy(() => reshape(first, [2, 2]))]
  viewOf(accelerator, first, 'the view of a tensor that shares data').set([5, 6, 7, 8])
  for (const other of others) {
    expectEqual([...(await other.data())], [5, 6, 7, 8], 'a tensor that shares data with one that was written')
    viewOf(accelerator, other, 'the view of a clone')[0] = 9
    expectEqual((await first.data())[0], 9, 'the first tensor after a write to one that shares its data')
    viewOf(accelerator, first, 'the view of a tensor that shares data')[0] = 5
  }
  first.dispose()
  for (const other of others) other.dispose()
}

function viewOf(accelerator: Accelerator, tensor: Tensor, what: string): NumericData {
  const view = accelerator.view?.(tensor)
  expectTrue(view !== undefined, `${what}: there is none.`)
  return view
}
