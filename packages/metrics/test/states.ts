import { engineMemory, type MetricState } from '@levin/core'
import { setBackend, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { backend } from './backend.js'

await setBackend(backend.name)

export const aliveTensors = (): number => engineMemory().tensors

export const indices = (values: readonly number[]): Tensor => tensor1d([...values], 'int32')
export const floats = (values: readonly number[]): Tensor => tensor1d([...values], 'float32')
export const rows = (values: readonly (readonly number[])[]): Tensor =>
  tensor2d(
    values.map((row) => [...row]),
    undefined,
    'float32',
  )

/** The value over several batches, merged in double precision as a log does it. */
export function mergedValue(batches: readonly (() => MetricState)[]): number | Readonly<Record<string, number>> {
  let merged: Float64Array | undefined
  let compute: MetricState['metric']['compute'] | undefined
  for (const batch of batches) {
    tidy(() => {
      const { metric, state } = batch()
      if (state.shape.length !== 1 || state.size !== metric.size || state.dtype !== 'float32') {
        throw new Error(`a state of shape [${state.shape.join(', ')}] and ${state.dtype} for a size of ${metric.size}`)
      }
      const values = state.dataSync<'float32'>()
      merged ??= new Float64Array(metric.size)
      merged = merged.map((value, index) => value + (values[index] as number))
      compute = (all) => metric.compute(all)
    })
  }
  return compute?.(merged as Float64Array) ?? Number.NaN
}

/** Start and end of two parts of a batch, so that merging is part of every comparison. */
export const halves = (count: number): readonly (readonly [number, number])[] => {
  const middle = Math.floor(count / 3)
  return middle === 0
    ? [[0, count]]
    : ([
        [0, middle],
        [middle, count],
      ] as const)
}
