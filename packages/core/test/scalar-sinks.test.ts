import '@tensorflow/tfjs-backend-cpu'
import { scalar, tensor1d } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { engineMemory, HostScalarSink, type ScalarSink, TensorScalarSink } from '../src/index.js'

describe.each<[string, () => ScalarSink]>([
  ['host sink', () => new HostScalarSink()],
  ['tensor sink', () => new TensorScalarSink()],
])('%s', (_name, create) => {
  test('reduces numbers and tensors, weighted, and reads slots together', async () => {
    const before = engineMemory().tensors
    const sink = create()
    const sum = sink.slot({ reduction: 'sum' })
    const pair = sink.slot({ reduction: 'max', size: 2 })
    const last = sink.slot({ reduction: 'last' })
    for (const [i, weight] of [2, 3].entries()) {
      const value = scalar(i + 1)
      const vector = tensor1d([i, 1 - i])
      sink.write(sum, value, weight)
      sink.write(pair, vector)
      sink.write(last, value)
      value.dispose()
      vector.dispose()
    }
    const [first, second, third] = await sink.read([sum, pair, last])
    expect(first).toMatchObject({
      values: Float64Array.of(1 * 2 + 2 * 3),
      weight: 5,
      writes: 2,
      firstNonFinite: undefined,
    })
    expect([...(second?.values ?? [])]).toEqual([1, 1])
    expect(third?.values[0]).toBe(2)
    sink.dispose()
    expect(engineMemory().tensors).toBe(before)
  })

  test('names the first write that was not finite', async () => {
    const sink = create()
    const slot = sink.slot({ reduction: 'last' })
    for (const [tag, number] of [1, Number.NaN, 2, Infinity].entries()) {
      const value = scalar(number)
      sink.write(slot, value, 1, tag + 10)
      value.dispose()
    }
    expect((await sink.read([slot]))[0]?.firstNonFinite).toBe(11)
    sink.reset([slot])
    expect((await sink.read([slot]))[0]).toMatchObject({ writes: 0, firstNonFinite: undefined })
    sink.dispose()
  })

  test('what was written before a reset is gone, and frees its tensors', async () => {
    const before = engineMemory().tensors
    const sink = create()
    const slot = sink.slot({ reduction: 'sum' })
    const value = scalar(5)
    sink.write(slot, value)
    sink.reset([slot])
    sink.write(slot, value)
    value.dispose()
    expect((await sink.read([slot]))[0]?.values[0]).toBe(5)
    expect(engineMemory().tensors).toBe(before)
  })

  test('a value of another size is refused', () => {
    const sink = create()
    const slot = sink.slot({ reduction: 'sum', size: 3 })
    const value = tensor1d([1, 2])
    expect(() => sink.write(slot, value)).toThrow('3 values')
    value.dispose()
  })
})
