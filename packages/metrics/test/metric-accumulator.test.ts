import type { MetricState } from '@levin/core'
import { scalar, type Tensor, tensor1d } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { accuracy, accuracyMetric, createMetric, f1, type MetricAccumulator, mean, sum } from '../src/index.js'
import { aliveTensors, floats, indices, rows } from './states.js'

const batches = [
  [
    rows([
      [1, 2],
      [3, 1],
    ]),
    indices([1, 1]),
  ],
  [rows([[1, 0]]), indices([0])],
  [
    rows([
      [1, 0],
      [0, 1],
      [1, 2],
    ]),
    indices([1, 1, 1]),
  ],
] as const

const overBatches = (): MetricAccumulator<[Tensor, Tensor]> =>
  createMetric((logits: Tensor, labels: Tensor) => accuracy(logits, labels))

describe('an accumulator', () => {
  it('gives the value over all batches, and goes on after it was asked', async () => {
    const metric = overBatches()
    metric.update(...batches[0])
    expect(await metric.compute()).toBe(1 / 2)
    metric.update(...batches[1])
    metric.update(...batches[2])
    expect(await metric.compute()).toBeCloseTo(4 / 6, 12)
    expect(await metric.state()).toEqual(Float64Array.of(4, 6))
    metric.dispose()
  })

  it('holds few tensors however many updates there were, and none after a reset', async () => {
    const metric = createMetric((value: Tensor) => mean(value))
    const value = scalar(1)
    const before = aliveTensors()
    let most = 0
    for (let update = 0; update < 1000; update++) {
      metric.update(value)
      most = Math.max(most, aliveTensors() - before)
    }
    expect(most).toBeLessThanOrEqual(10)
    expect(await metric.compute()).toBe(1)
    metric.reset()
    expect(aliveTensors()).toBe(before)
    expect(await metric.compute()).toBeNaN()
    metric.update(value)
    expect(await metric.compute()).toBe(1)
    metric.dispose()
    expect(aliveTensors()).toBe(before)
  })

  it('loses no sample where one float32 sum would', async () => {
    const metric = createMetric((value: Tensor) => sum(value))
    const large = floats([2 ** 24])
    const one = floats([1])
    metric.update(large)
    for (let update = 0; update < 63; update++) metric.update(one)
    metric.merge([1])
    // Alone in float32, 2^24 + 1 is 2^24 again; in pairs all but the partner of the large one survive.
    expect(Math.abs(((await metric.compute()) as number) - (2 ** 24 + 64))).toBeLessThanOrEqual(2)
    metric.dispose()
  })

  it('merges with others over workers, in any order, to what one alone would have seen', async () => {
    const alone = overBatches()
    const workers = [overBatches(), overBatches()] as const
    for (const [index, batch] of batches.entries()) {
      alone.update(...batch)
      workers[index === 1 ? 1 : 0].update(...batch)
    }
    const idle = overBatches()
    const merged = createMetric(() => expect.fail('no batch here'), { definition: accuracyMetric })
    for (const worker of [workers[1], idle, workers[0]]) merged.merge(await worker.state())
    expect(await merged.compute()).toBe(await alone.compute())
    workers[0].merge(Float32Array.from(await workers[1].state()))
    expect(await workers[0].state()).toEqual(await alone.state())
    for (const metric of [alone, ...workers, idle, merged]) metric.dispose()
  })

  it('merges minima and maxima as such', async () => {
    const lowest = { name: 'lowest', size: 1, reduction: 'min', compute: ([value = 0]: Float64Array) => value } as const
    const metric = createMetric((value: Tensor): MetricState => ({ metric: lowest, state: value }))
    for (const value of [3, -2, 5]) metric.update(tensor1d([value]))
    metric.merge([-7])
    metric.merge([4])
    expect(await metric.compute()).toBe(-7)
    metric.dispose()
  })

  it('frees what a batch made that it could not take', () => {
    const metric = overBatches()
    metric.update(...batches[0])
    const before = aliveTensors()
    const labels = floats([1])
    expect(() => metric.update(batches[1][0], labels)).toThrow(/class indices/)
    expect(aliveTensors()).toBe(before + 1)
    labels.dispose()
    metric.dispose()
  })
})

describe('refuses', () => {
  it('something that does not measure', () => {
    expect(() => createMetric(accuracyMetric as never)).toThrow(/a function of a batch.*found an object with name/)
  })

  it('states of another metric', () => {
    const metric = createMetric((logits: Tensor, labels: Tensor) => f1(logits, labels))
    metric.update(...batches[0])
    expect(() => metric.merge([1, 2])).toThrow(/state of another metric\. Expected 6 values, found 2/)
    expect(() => metric.update(rows([[1, 2, 3]]), indices([1]))).toThrow(/Expected 6 values, found 9/)
    metric.dispose()
    let first = true
    const changing = createMetric((value: Tensor) => {
      const state = first ? mean(value) : { metric: accuracyMetric, state: tensor1d([1, 2]) }
      first = false
      return state
    })
    changing.update(scalar(1))
    expect(() => changing.update(scalar(1))).toThrow(/a state of 'mean', found one of 'accuracy'/)
  })

  it('to compute what it does not know', async () => {
    const metric = overBatches()
    metric.merge([1, 2])
    await expect(metric.compute()).rejects.toThrow(/seen no batch.*definition: accuracyMetric/)
    expect(() => metric.merge([1, 2])).toThrow(/cannot merge a second state/)
    metric.update(...batches[1])
    expect(await metric.state()).toEqual(Float64Array.of(2, 3))
    metric.dispose()
  })
})
