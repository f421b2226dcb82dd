import '@tensorflow/tfjs-backend-cpu'
import { expect, test } from 'vitest'
import {
  assignPaths,
  loadWholeModel,
  loadWholeOptimizer,
  Module,
  type Optimizer,
  type OptimizerSlot,
  Parameter,
  type Shard,
  type TensorRecord,
  zeros,
} from '../src/index.js'

class Table extends Module {
  readonly weight = new Parameter([4, 6], zeros())
}

const WHOLE = Float32Array.from({ length: 24 }, (_, i) => i)

function holding(shard: Shard | undefined): Table {
  const module = new Table()
  assignPaths(module)
  module.weight.materialise({ seed: 0, shard })
  return module
}

/** A record that says what was read of it. */
function record(name: string, ranged: boolean, reads: string[]): TensorRecord {
  const data = () => {
    reads.push('all')
    return WHOLE
  }
  const range = async (start: number, count: number) => {
    reads.push(`${count} from ${start}`)
    return WHOLE.slice(start, start + count)
  }
  return { name, dtype: 'float32', shape: [4, 6], data, ...(ranged ? { range } : {}) }
}

const SHARDS: readonly (readonly [
  what: string,
  shard: Shard | undefined,
  values: number[],
  reads: string | undefined,
])[] = [
  ['the whole', undefined, [...WHOLE], 'all'],
  ['a stretch', { start: [5], shape: [3], flat: true }, [5, 6, 7], '3 from 5'],
  ['nothing', { start: [24], shape: [0], flat: true }, [], undefined],
  ['rows', { start: [1, 0], shape: [2, 6] }, Array.from({ length: 12 }, (_, i) => 6 + i), '12 from 6'],
  ['columns', { start: [1, 2], shape: [2, 2] }, [8, 9, 14, 15], '8 from 8'],
]

test.each(SHARDS)(
  'of a whole record, %s that is held is read, and no more where it can be',
  async (_, shard, values, range) => {
    for (const [ranged, expected] of [
      [true, range],
      [false, 'all'],
    ] as const) {
      const reads: string[] = []
      const module = holding(shard)
      await loadWholeModel(module, new Map([['weight', record('weight', ranged, reads)]]), { strict: true })
      expect([...module.weight.value.dataSync()]).toEqual(values)
      expect(module.weight.value.shape).toEqual(shard?.shape ?? [4, 6])
      expect(reads).toEqual(range === undefined ? [] : [expected])
      module.dispose()
    }
  },
)

test('optimizer state is cut as its parameter is, but for what has another shape', async () => {
  const { weight } = holding({ start: [5], shape: [3], flat: true })
  const loaded: OptimizerSlot[] = []
  const optimizer = {
    groups: [{ parameters: [weight] }],
    load: (_state: unknown, slots: Iterable<OptimizerSlot>) => void loaded.push(...slots),
  } as unknown as Optimizer
  const scale: TensorRecord = { name: 'weight/scale', dtype: 'float32', shape: [1], data: () => Float32Array.of(7) }
  const records = new Map([
    ['weight/moment', record('weight/moment', true, [])],
    ['weight/scale', scale],
  ])
  await loadWholeOptimizer(optimizer, { name: 'any' }, records)
  const values = loaded.map(({ slot, value }) => [slot, value.shape, ...value.dataSync()])
  expect(values).toEqual([
    ['moment', [3], 5, 6, 7],
    ['scale', [1], 7],
  ])
  for (const { value } of loaded) value.dispose()
})

test('a record of another shape is refused, whatever part is held', async () => {
  const module = holding({ start: [0], shape: [24], flat: true })
  const other = { ...record('weight', true, []), shape: [24] }
  await expect(loadWholeModel(module, new Map([['weight', other]]), { strict: true })).rejects.toThrow(
    /shape \[24\] in the checkpoint and \[4, 6\] in the model/,
  )
})
