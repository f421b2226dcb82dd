import { CurrentBackend, fromRecipe, recipeOf, resolve, SingleDevice, type Strategy } from '@levin/core'
import { describe, expect, it, vi } from 'vitest'
import { single } from '../src/index.js'
import { single as bySubpath } from '../src/single.js'
import '../src/register.js'

describe('the strategy single', () => {
  it("is core's SingleDevice, by value and by name", () => {
    expect(single()).toBeInstanceOf(SingleDevice)
    expect(bySubpath).toBe(single)
    expect(recipeOf(resolve('strategy', 'single') as Strategy)).toEqual({
      kind: 'strategy',
      name: 'single',
      options: {},
    })
    expect(fromRecipe({ kind: 'strategy', name: 'single', options: {} })).toBeInstanceOf(SingleDevice)
  })

  it('is a new instance for every run', () => {
    expect(single()).not.toBe(single())
  })

  it('refuses options, which it has none of', () => {
    expect(() => single({ devices: 2 } as never)).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
    expect(() => single({ devices: 2 } as never)).toThrow(/devices/)
  })

  it('sets up the accelerator on the device that was asked for, and tears it down', async () => {
    const accelerator = Object.assign(new CurrentBackend(), { setup: vi.fn(), teardown: vi.fn() })
    const strategy = single()
    await strategy.setup({ accelerator, devices: [2], platform: {} as never })
    expect(accelerator.setup).toHaveBeenCalledExactlyOnceWith(2)
    await strategy.teardown()
    await strategy.teardown()
    expect(accelerator.teardown).toHaveBeenCalledOnce()
  })

  it('is one rank that reads all data and agrees with itself', async () => {
    const strategy = single()
    expect(strategy.rank).toEqual({ globalRank: 0, localRank: 0, nodeRank: 0, localWorldSize: 1, worldSize: 1 })
    expect(strategy.dataShard).toEqual({ rank: 0, count: 1 })
    expect(strategy.capabilities).toMatchObject({ maxDevices: 1, shardsParameters: false, manualOptimization: true })
    expect(await strategy.agree({ stop: 'requested' })).toEqual({ stop: 'requested' })
    expect(await strategy.reduce(Float64Array.of(1, 2), 'sum')).toEqual(Float64Array.of(1, 2))
    expect(await strategy.gather('value')).toEqual(['value'])
    expect(await strategy.broadcast('value')).toBe('value')
  })
})
