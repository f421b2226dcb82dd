import {
  CurrentBackend,
  type Elements,
  Module,
  type ProcessGroup,
  SoloGroup,
  type Strategy,
  type TrainingStep,
} from '@levin/core'
import { BoringLoader, BoringModule, PlainSgd } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import '@tensorflow/tfjs-backend-cpu'
import { type Scalar, sum, type Tensor, tensor, variable } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { type ZeroOptions, zero } from '../src/zero.js'

const trainer = (strategy: Strategy) =>
  new Trainer({ strategy, accelerator: new CurrentBackend(), maxSteps: 1, loggers: false, enableProgressBar: false })

const train = (strategy: Strategy, module: Module<never> = new BoringModule() as never) =>
  trainer(strategy).fit(module, { train: new BoringLoader() as never })

/** A world of two, the other of which does and has what this one does. */
function ofTwo(options: ZeroOptions, change: Partial<ProcessGroup> = {}): Strategy {
  const strategy: Strategy = zero(options)
  const twice = (data: Elements, target: Elements) =>
    [0, 1].map((rank) => target.set(data as never, rank * data.length))
  const solo = new SoloGroup()
  const group: ProcessGroup = {
    rank: 0,
    size: 2,
    blocking: { ...solo.blocking, allGather: twice },
    asynchronous: { ...solo.asynchronous, allGather: async (data, target) => void twice(data, target) },
    traffic: solo.traffic,
    split: () => solo.split(),
    destroy: async () => {},
    ...change,
  }
  const rank = { globalRank: 0, localRank: 0, nodeRank: 0, localWorldSize: 2, worldSize: 2 }
  strategy.join?.({ rank, group })
  return strategy
}

describe('zero refuses', () => {
  test.each([
    { stage: 4 },
    { stage: '3' },
    { bucketSize: 0 },
    { units: 'blocks' },
    { checkpoint: 'none' },
    { level: 3 },
  ])('the options %o', (options) => {
    expect(() => zero(options as ZeroOptions)).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
  })

  test('ranks that may not block', async () => {
    await expect(train(ofTwo({}, { blocking: undefined as never }))).rejects.toThrow(/may not block here/)
  })

  test('modules that clip by themselves, where ranks have parts of the gradients', async () => {
    class Clipping extends BoringModule {
      configureGradientClipping(_optimizer: never, gradients: never) {
        return gradients
      }
    }
    await expect(train(ofTwo({ stage: 1 }), new Clipping() as never)).rejects.toThrow(
      /configureGradientClipping\(\).*gradientClipVal/s,
    )
    await train(zero({ stage: 1 }), new Clipping() as never)
  })

  test('manual optimization', async () => {
    class Manual extends BoringModule {
      override readonly automaticOptimization = false
    }
    await expect(train(zero({ stage: 1 }), new Manual() as never)).rejects.toThrow(/'zero' does not support manual/)
  })

  test('plain variables, which cannot be cut', async () => {
    class Plain extends Module<never> {
      readonly weight = variable(tensor([1, 2]))
      trainingStep(_batch: never, _step: TrainingStep): Scalar {
        return sum(this.weight as Tensor)
      }
      configureOptimizers() {
        return new PlainSgd(this.parameters())
      }
    }
    const module = new Plain()
    await expect(train(zero({ stage: 2 }), module)).rejects.toThrow(/'weight' is a plain tf.Variable/)
    module.dispose()
  })

  test('units that are not there', async () => {
    await expect(train(zero({ stage: 3, units: ['layers.*'] }))).rejects.toThrow(
      /no layer of BoringModule has such a path/,
    )
  })
})

test('a module goes on under another stage where its values are whole, and keeps them', async () => {
  const module = new BoringModule().build({ seed: 4 })
  await train(zero({ stage: 3 }), module as never)
  await train(zero({ stage: 1 }), module as never)
  expect(module.parameters().map(({ value }) => value.shape)).toEqual([[8, 2], [2]])
  expect(module.predict(tensor([[1, 2, 3, 4, 5, 6, 7, 8]]))).toMatchObject({ shape: [1, 2] })
})
