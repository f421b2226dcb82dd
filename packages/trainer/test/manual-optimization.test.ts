import '@tensorflow/tfjs-backend-cpu'
import { engineMemory, everySteps, Module, Parameter, SingleDevice, type TrainingStep, values } from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches, HookTranscript, PlainSgd, recordHooks } from '@levin/testing'
import { mul, type Scalar, square, sub, sum } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import '@levin/testing/vitest'
import { quietTrainer, RowLogger, refusal, trainedParameters } from './support.js'

/** Two players: each has an optimizer of its own and pulls its parameter towards another target. */
class Game extends Module<BoringBatch> {
  override readonly automaticOptimization = false
  readonly generator = new Parameter([2], values([1, 2]))
  readonly critic = new Parameter([2], values([3, 4]))
  /** Every how many batches each steps. */
  readonly every: readonly [number, number]

  constructor(every: readonly [number, number] = [1, 1]) {
    super()
    this.every = every
  }

  trainingStep(_batch: BoringBatch, step: TrainingStep): void {
    const players = [
      { parameter: this.generator, loss: () => sum(square(this.generator.value)) as Scalar },
      { parameter: this.critic, loss: () => sum(square(sub(this.critic.value, 1))) as Scalar },
    ]
    for (const [index, { parameter, loss }] of players.entries()) {
      if ((step.batchIndex + 1) % (this.every[index] as number) !== 0) continue
      step.optimizer(index).step(step.backward(loss, [parameter]))
    }
    step.log('batch', step.batchIndex)
  }

  configureOptimizers() {
    return [new PlainSgd([this.generator], 0.25), new PlainSgd([this.critic], 0.125)]
  }
}

const data = { train: boringBatches({ batches: 4 }) }

describe('manual optimization', () => {
  test('trains each player by its own optimizer, and a batch is one step, however many optimizers took part', async () => {
    const before = engineMemory()
    const game = new Game()
    const result = await quietTrainer().fit(game, data)
    expect(result.clock).toMatchObject({ globalStep: 4, batchIndex: 0, epoch: 1 })
    // x ← x − 0.25 · 2x, and y − 1 ← (y − 1) − 0.125 · 2 (y − 1)
    expect([...game.generator.value.dataSync()]).toBeAllClose([1 / 16, 2 / 16])
    expect([...game.critic.value.dataSync()]).toBeAllClose([1 + 2 * 0.75 ** 4, 1 + 3 * 0.75 ** 4])
    game.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('a batch in which no optimizer ran is no step: triggers fire once', async () => {
    const logger = new RowLogger()
    const game = new Game([2, 4])
    const result = await quietTrainer({ loggers: [logger], logEvery: everySteps(1) }).fit(game, data)
    game.dispose()
    expect(result.clock).toMatchObject({ globalStep: 2, totalBatches: 4 })
    expect(logger.of('batch')).toEqual([
      [1, 1],
      [2, 3],
    ])
  })

  test('calls the hooks of backward and optimizer steps', async () => {
    const transcript = new HookTranscript()
    const game = recordHooks(new Game(), transcript)
    await quietTrainer({ maxSteps: 1 }).fit(game, data)
    game.dispose()
    const hooks = transcript.hooksOf('module')
    expect(hooks.slice(hooks.indexOf('trainingStep') + 1, hooks.indexOf('onTrainBatchEnd'))).toEqual([
      'onBeforeZeroGrad',
      'onBeforeZeroGrad',
      'onBeforeBackward',
      'onAfterBackward',
      'onBeforeOptimizerStep',
      'onBeforeBackward',
      'onAfterBackward',
      'onBeforeOptimizerStep',
    ])
  })

  /** As BoringModule, by hand. */
  class ByHand extends BoringModule {
    override readonly automaticOptimization = false
    clip: { clipNorm?: number; clipValue?: number } | undefined

    override trainingStep(batch: BoringBatch, step: TrainingStep): never {
      const gradients = step.backward(() => this.loss(batch, step), this.parameters())
      step.optimizer().step(gradients, this.clip)
      return undefined as never
    }
  }

  test('comes to what automatic optimization does', async () => {
    expect(await trainedParameters({}, data, new ByHand())).toEqual(await trainedParameters({}, data))
  })

  test('clips by the Trainer’s options, and by those of the call instead', async () => {
    for (const gradientClipAlgorithm of ['norm', 'value'] as const) {
      const options = { gradientClipVal: 0.01, gradientClipAlgorithm }
      const automatic = await trainedParameters(options, data)
      expect(await trainedParameters(options, data, new ByHand())).toBeAllClose(automatic)
      const own = Object.assign(new ByHand(), {
        clip: gradientClipAlgorithm === 'norm' ? { clipNorm: 0.01 } : { clipValue: 0.01 },
      })
      expect(await trainedParameters({ gradientClipVal: 5 }, data, own)).toBeAllClose(automatic)
    }
  })

  test('refuses accumulateGradBatches, an optimizer that is not there, and use without automaticOptimization = false', async () => {
    const accumulating = await refusal(
      () => quietTrainer({ accumulateGradBatches: 2 }).fit(new Game(), data),
      'LEVIN_NOT_SUPPORTED',
    )
    expect(accumulating.message).toContain(
      'accumulateGradBatches is 2, and Game optimizes manually. Leave the option out',
    )
    class Third extends Game {
      override trainingStep(_batch: BoringBatch, step: TrainingStep) {
        step.optimizer(2)
      }
    }
    const third = new Third()
    const missing = await refusal(() => quietTrainer().fit(third, data), 'LEVIN_BAD_OPTION')
    third.dispose()
    expect(missing.message).toContain('an optimizer index below 2, found 2')
    class Automatic extends BoringModule {
      override trainingStep(batch: BoringBatch, step: TrainingStep) {
        step.backward(() => mul(this.loss(batch, step), 1), [])
        return this.loss(batch, step)
      }
    }
    const automatic = new Automatic()
    const error = await refusal(() => quietTrainer().fit(automatic, data), 'LEVIN_NOT_SUPPORTED')
    automatic.dispose()
    expect(error.message).toMatch(/step.backward\(\) belongs to manual optimization. Set automaticOptimization = false/)
  })

  test('is refused by a strategy that does not have it', async () => {
    const strategy = Object.assign(new SingleDevice(), { name: 'automaticOnly', manualStep: undefined as never })
    const error = await refusal(() => quietTrainer({ strategy }).fit(new Game(), data), 'LEVIN_NOT_SUPPORTED')
    expect(error.message).toContain("The strategy 'automaticOnly' does not support manual optimization.")
  })
})
