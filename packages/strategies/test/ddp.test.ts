import { type Accelerator, fromRecipe, recipeOf, resolve, type Strategy } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { planBuckets } from '../src/ddp/buckets.js'
import { ddp as bySubpath } from '../src/ddp.js'
import { rankDevice } from '../src/group/rank-device.js'
import { drive, type Task } from '../src/group/task.js'
import { ddp } from '../src/index.js'
import '../src/register.js'

const optionError = (options: unknown) => {
  try {
    ddp(options as never)
  } catch (error) {
    return String(error)
  }
  return 'none'
}

describe('the strategy ddp', () => {
  test('is known by value and by name, and travels as its recipe', () => {
    expect(bySubpath).toBe(ddp)
    const options = { bucketBytes: 1000, compression: { kind: 'powerSGD', rank: 4 } } as const
    const recipe = recipeOf(ddp(options))
    expect(recipe).toEqual({ kind: 'strategy', name: 'ddp', options })
    expect(fromRecipe(JSON.parse(JSON.stringify(recipe)) as never)).toMatchObject({ name: 'ddp' })
    expect((resolve('strategy', 'ddp') as Strategy).name).toBe('ddp')
  })

  test.each([
    [{ compression: 'fp8' }, /compression: expected a? ?"bf16", found 'fp8'/],
    [{ compression: { kind: 'powerSGD', rank: 0 } }, /compression.rank: expected at least 1, found 0/],
    [{ localSteps: 0 }, /localSteps: expected at least 1, found 0/],
    [{ outer: {} }, /outer needs localSteps/],
    [{ localSteps: 2, compression: 'bf16' }, /use one of the two/],
    [{ bucketByte: 3 }, /no option 'bucketByte'. Did you mean 'bucketBytes'/],
  ])('refuses %j', (options, message) => {
    expect(optionError(options)).toMatch(message)
  })

  test('is one rank of one until it joins others', () => {
    const strategy = ddp({ compression: 'bf16' })
    expect(strategy.rank.worldSize).toBe(1)
    expect(strategy.dataShard).toEqual({ rank: 0, count: 1 })
    expect(strategy.mesh).toEqual({ data: 1 })
    expect(strategy.inexact).toBeUndefined()
    expect(strategy.replicas).toBeUndefined()
  })

  test('says what comes first', () => {
    expect(() => ddp().modelState).not.toThrow()
    expect(() => ddp().agree({})).toThrow(/setup\(\) comes first/)
  })
})

describe('the device of a rank', () => {
  const at = (localRank: number) => ({ globalRank: localRank, localRank, localWorldSize: 4, nodeRank: 0, worldSize: 4 })
  const gpus = (count: number): Accelerator =>
    ({
      capabilities: { hostMemory: false },
      parseDevices: async () => Array.from({ length: count }, (_, index) => index + 4),
    }) as unknown as Accelerator

  test('is the entry of its local rank', async () => {
    expect(await rankDevice(gpus(3), '4,5,6', at(2))).toBe(6)
  })

  test('is refused where there are fewer than ranks', async () => {
    await expect(rankDevice(gpus(2), '4,5', at(2))).rejects.toThrow(/local rank 2.*at least 3.*which is 2/)
  })

  test('is the first where devices are memory of the host', async () => {
    const host = { capabilities: { hostMemory: true } } as unknown as Accelerator
    expect(await rankDevice(host, 4, at(3))).toBe(0)
  })

  test('is its own number where the accelerator leaves that to others', async () => {
    expect(await rankDevice(Object.assign(gpus(0), { parseDevices: undefined }), 'auto', at(1))).toBe(1)
  })
})

describe('buckets', () => {
  const plan = (sizes: number[], bucketBytes: number, inPlaceFrom = Infinity) =>
    planBuckets(sizes, [...sizes.keys()], { bucketBytes, inPlaceFrom })

  test('go from the last parameter to the first, the first bucket being a small one', () => {
    const million = 2 ** 18
    const buckets = plan([million, million, million, million, million], 4 * 2 * million)
    expect(buckets.map(({ members }) => members)).toEqual([[4], [3, 2], [1, 0]])
  })

  test('hold what is larger than they are', () => {
    expect(plan([1, 100, 1], 40).map(({ members }) => members)).toEqual([[2], [1], [0]])
  })

  test('pack what is small, and leave in place what is large', () => {
    const [bucket] = plan([3, 50, 2], 1000, 50)
    expect(bucket?.packed).toEqual([
      { index: 2, offset: 0, size: 2 },
      { index: 0, offset: 2, size: 3 },
    ])
    expect(bucket?.inPlace).toEqual([1])
    expect(bucket?.flat).toHaveLength(5)
  })
})

describe('a task', () => {
  const collectives = {} as never

  test('runs within the call where nothing waits', () => {
    function* task(): Task<number> {
      yield () => {}
      return 3
    }
    expect(drive(task(), collectives)).toBe(3)
  })

  test('goes on after what waits, and gives a promise then', async () => {
    const order: string[] = []
    function* task(): Task<string> {
      yield () => void order.push('at once')
      yield async () => void order.push('later')
      yield () => void order.push('at once again')
      return 'done'
    }
    const result = drive(task(), collectives)
    expect(result).toBeInstanceOf(Promise)
    expect(await result).toBe('done')
    expect(order).toEqual(['at once', 'later', 'at once again'])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('gone')
      },
    ],
    ['rejects', () => Promise.reject(new Error('gone'))],
  ] as const)('hears of a collective that %s where it called it', async (_how, fails) => {
    const freed: string[] = []
    function* task(): Task<string> {
      try {
        yield fails
      } catch (error) {
        return `caught ${(error as Error).message}`
      } finally {
        freed.push('freed')
      }
      return 'never'
    }
    expect(await drive(task(), collectives)).toBe('caught gone')
    expect(freed).toEqual(['freed'])
  })

  test('fails by its own error, once', () => {
    // biome-ignore lint/correctness/useYield: a task may fail before its first collective.
    function* task(): Task {
      throw new Error('own')
    }
    expect(() => drive(task(), collectives)).toThrow('own')
  })
})
