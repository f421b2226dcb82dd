import '@tensorflow/tfjs-backend-cpu'
import { HostScalarSink, type MetricState, SingleDevice } from '@levin/core'
import { tensor1d } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { EVALUATION_STEP } from '../src/logging/log-entry.js'
import { LogStore } from '../src/logging/log-store.js'
import type { Workers } from '../src/logging/merge-readings.js'
import { refusal } from './support.js'

/** Workers that meet at each collective; one that brings something else than the others, or comes alone, never gets through. */
class Meeting {
  readonly #size: number
  #brought: unknown[] = []
  #waiting: ((all: unknown[]) => void)[] = []

  constructor(size: number) {
    this.#size = size
  }

  async #meet<T>(rank: number, value: T): Promise<T[]> {
    this.#brought[rank] = value
    const met = new Promise<unknown[]>((resolve) => this.#waiting.push(resolve))
    if (this.#waiting.length === this.#size) {
      for (const go of this.#waiting.splice(0)) go(this.#brought)
      this.#brought = []
    }
    return (await met) as T[]
  }

  worker(globalRank: number): Workers {
    const operations = {
      sum: (a: number, b: number) => a + b,
      min: (a: number, b: number) => Math.min(a, b),
      max: (a: number, b: number) => Math.max(a, b),
    }
    return {
      rank: { globalRank, localRank: globalRank, nodeRank: 0, localWorldSize: this.#size, worldSize: this.#size },
      gather: (value) => this.#meet(globalRank, value),
      reduce: async (values, operation) => {
        const all = await this.#meet(globalRank, { values, operation })
        expect(all.map((each) => [each.operation, each.values.length])).toEqual(
          all.map(() => [operation, values.length]),
        )
        return Float64Array.from(values, (_, i) =>
          all.map((each) => each.values[i] as number).reduce(operations[operation]),
        )
      },
    }
  }
}

const metric = { name: 'hits', size: 2, reduction: 'sum', compute: ([hits = 0, all = 0]) => hits / all } as const
const hits = (right: number, all: number): MetricState => ({ metric: metric as never, state: tensor1d([right, all]) })

type Log = (name: string, value: Parameters<LogStore['write']>[1], options?: object, samples?: number) => void

async function merged(...workers: ((log: Log) => void)[]) {
  const meeting = new Meeting(workers.length)
  const all = workers.map(async (write, rank) => {
    const store = new LogStore(new HostScalarSink())
    write((name, value, options = {}, samples = 1) => store.write(name, value, options, EVALUATION_STEP, samples))
    const values = await store.readEpoch(workers.length === 1 ? new SingleDevice() : meeting.worker(rank))
    return Object.fromEntries(values.map(({ name, value }) => [name, value]))
  })
  return Promise.all(all)
}

test('workers that logged different names all get all values, each weighted and counted once', async () => {
  const everything = (log: Log) => {
    log('loss', 1, {}, 3)
    log('loss', 5, {}, 1)
    log('low', 2, { reduction: 'min' })
    log('low', -1, { reduction: 'min' })
    log('acc', hits(3, 4))
    log('acc', hits(1, 1))
    log('total', 4, { reduction: 'sum' })
  }
  const [single] = await merged(everything)
  expect(single).toEqual({ loss: 2, low: -1, acc: 0.8, total: 4 })
  const apart = await merged(
    (log) => {
      log('loss', 1, {}, 3)
      log('low', 2, { reduction: 'min' })
    },
    (log) => {
      log('acc', hits(3, 4))
      log('loss', 5, {}, 1)
      log('total', 4, { reduction: 'sum' })
    },
    () => {},
    (log) => {
      log('low', -1, { reduction: 'min' })
      log('acc', hits(1, 1))
    },
  )
  expect(apart).toEqual([single, single, single, single])
})

test('a name that workers log in two ways is refused on all of them', async () => {
  const error = await refusal(
    () =>
      merged(
        (log) => log('x', 1),
        (log) => log('x', 1, { reduction: 'max' }),
      ),
    'LEVIN_LOG',
  )
  expect(error.message).toContain("'x' is logged in different ways by different workers")
})
