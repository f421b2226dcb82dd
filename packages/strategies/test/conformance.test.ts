import '@tensorflow/tfjs-backend-cpu'
import { SingleDevice } from '@levin/core'
import { type Fit, playScenario, type StrategyHarness, strategyCases } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { ready } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { single } from '../src/index.js'

const fitOnce: Fit = ({ module, data, ckptPath, clipping, ...options }) =>
  new Trainer({
    ...options,
    ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
    loggers: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    numSanityValSteps: 0,
  }).fit(module, data, ckptPath === undefined ? {} : { ckptPath })

const onOneRank = (createStrategy: () => SingleDevice): StrategyHarness => ({
  worldSize: 1,
  fit: fitOnce,
  play: async (scenario) => [await playScenario(scenario, { createStrategy, fit: fitOnce })],
})

beforeAll(() => ready())

describe('single', () => {
  for (const { name, run } of strategyCases({ plugin: single, ...onOneRank(() => single() as SingleDevice) }))
    test(name, run)
})

describe('the cases find what is wrong with', () => {
  const failures = async (createStrategy: () => SingleDevice): Promise<string[]> => {
    const failed: string[] = []
    for (const { name, run } of strategyCases(onOneRank(createStrategy))) await run().catch(() => failed.push(name))
    return failed
  }

  test('a strategy that does not clip', async () => {
    class Unclipped extends SingleDevice {
      override step(window: Parameters<SingleDevice['step']>[0]) {
        return super.step(
          new Proxy(window, {
            get: (target, key) => {
              const value: unknown = key === 'clipping' ? undefined : Reflect.get(target, key, target)
              return typeof value === 'function' ? value.bind(target) : value
            },
          }),
        )
      }
    }
    expect(await failures(() => new Unclipped())).toEqual(['has them when it clips by norm'])
  })

  test('a strategy with a seed of its own', async () => {
    class OwnSeed extends SingleDevice {
      override materialise(module: Parameters<SingleDevice['materialise']>[0]) {
        super.materialise(module, { seed: 99 })
      }
    }
    const failed = await failures(() => new OwnSeed())
    expect(failed).toContain('gives parameters the values that one device gives them')
    expect(failed).toContain('has the loss curve and parameters of one device')
    expect(failed).not.toContain('goes on bit for bit from its checkpoint')
  })

  test('a strategy that hears of no stop', async () => {
    class Deaf extends SingleDevice {
      override agree() {
        return {}
      }
    }
    expect(await failures(() => new Deaf())).toEqual(['stops on all ranks at one step when one rank asks'])
  })
})
