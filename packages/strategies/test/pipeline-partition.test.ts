import { RandomSequence } from '@levin/core'
import { expect, test } from 'vitest'
import { type PartitionProblem, partition } from '../src/pipeline/partition.js'

const random = new RandomSequence([7, 11])
const below = (limit: number): number => Math.floor(random.uniform() * limit)

/** Every way to cut. */
function* cuts(layers: number, stages: number): Generator<number[]> {
  if (stages === 1) {
    yield [layers]
    return
  }
  for (let first = 1; first <= layers - stages + 1; first++)
    for (const rest of cuts(layers - first, stages - 1)) yield [first, ...rest]
}

function largest(values: readonly number[], counts: readonly number[]): number {
  const left = [...values]
  return Math.max(...counts.map((count) => left.splice(0, count).reduce((sum, value) => sum + value, 0)))
}

/** The best by trying all. */
function bruteForce({ costs, bytes = [], stages, limit = Number.POSITIVE_INFINITY }: PartitionProblem) {
  const all = [...cuts(costs.length, stages)]
    .map((counts) => ({ cost: largest(costs, counts), bytes: largest(bytes, counts) }))
    .filter((cut) => cut.bytes <= limit)
  return all.sort((a, b) => a.cost - b.cost || a.bytes - b.bytes)[0]
}

test('the dearest stage is as cheap as can be, then the largest as small, in 2,000 random cases', () => {
  let [refused, tied] = [0, 0]
  for (let round = 0; round < 2000; round++) {
    const layers = 1 + below(8)
    const stages = 1 + below(Math.min(layers, 5))
    // Small whole numbers, so that cuts are often equally good.
    const problem: PartitionProblem = {
      costs: Array.from({ length: layers }, () => below(6)),
      bytes: Array.from({ length: layers }, () => below(6)),
      stages,
      ...(below(2) ? { limit: below(20) } : {}),
    }
    const best = bruteForce(problem)
    if (!best) {
      refused++
      expect(() => partition(problem)).toThrow(/No cut of the model into/)
      continue
    }
    const found = partition(problem)
    expect({ cost: found.cost, bytes: found.bytes }, JSON.stringify(problem)).toEqual(best)
    expect(found.counts).toHaveLength(stages)
    expect(found.counts.every((count) => count >= 1)).toBe(true)
    expect(found.counts.reduce((sum, count) => sum + count, 0)).toBe(layers)
    expect(largest(problem.costs, found.counts)).toBe(best.cost)
    expect(largest(problem.bytes ?? [], found.counts)).toBe(best.bytes)
    const equallyCheap = [...cuts(layers, stages)].filter((counts) => largest(problem.costs, counts) === best.cost)
    if (new Set(equallyCheap.map((counts) => largest(problem.bytes ?? [], counts))).size > 1) tied++
  }
  // The cases are of the interesting kinds.
  expect(refused).toBeGreaterThan(50)
  expect(tied).toBeGreaterThan(300)
})

test('without sizes it is the costs alone that count', () => {
  expect(partition({ costs: [1, 1, 1, 1, 4], stages: 2 })).toEqual({ counts: [4, 1], cost: 4, bytes: 0 })
})

test('equal layers are divided evenly', () => {
  const { counts } = partition({ costs: Array(24).fill(2.5), bytes: Array(24).fill(7), stages: 8 })
  expect(counts).toEqual(Array(8).fill(3))
})

test('fewer layers than stages are refused, with what to do', () => {
  expect(() => partition({ costs: [1, 2], stages: 3 })).toThrow(/at least 3 layers .* found 2.*fewer stages/)
})

test('no cut within the limit is refused with what the most even one takes', () => {
  expect(() => partition({ costs: [1, 1, 1], bytes: [5, 5, 5], stages: 2, limit: 9 })).toThrow(
    /at most 9 bytes, found 10 bytes/,
  )
})

test.each([0, -1, 1.5, Number.NaN])('%d stages are refused', (stages) => {
  expect(() => partition({ costs: [1, 2], stages })).toThrow(/natural number/)
})
