import '@tensorflow/tfjs-backend-cpu'
import { everySteps, type FeedbackSchedule, never, type OptimizerWithSchedule, type PureSchedule } from '@levin/core'
import { BoringModule, boringBatches, PlainSgd, TestPlatform } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import '@levin/testing/vitest'
import { learningRateMonitor } from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { quietTrainer, RowLogger, refusal } from './support.js'

const halving = (interval?: 'step' | 'epoch'): PureSchedule => ({
  kind: 'pure',
  name: 'halving',
  options: {},
  ...(interval ? { interval } : {}),
  factor: (t) => 0.5 ** t,
})

const onPlateau: FeedbackSchedule = {
  kind: 'feedback',
  name: 'onPlateau',
  options: {},
  initialState: () => ({ factor: 1, best: Number.MAX_VALUE }),
  observe: ({ factor, best }, metric) =>
    metric < (best as number) ? { factor, best: metric } : { factor: factor / 10, best: best as number },
}

/** Learning rates that each step used, and what was logged. */
async function rates(
  given: Partial<OptimizerWithSchedule>,
  options: TrainerOptions = {},
  scores: readonly number[] = [4, 3, 3, 2],
) {
  const used: number[] = []
  class Scheduled extends BoringModule {
    override trainingStep(...[batch, step]: Parameters<BoringModule['trainingStep']>) {
      step.log('step/score', step.globalStep < 2 ? 5 - step.globalStep : 4)
      return this.loss(batch, step)
    }
    override validationStep(...[, step]: Parameters<BoringModule['validationStep']>) {
      step.log('val/score', scores[step.epoch] ?? 0)
    }
    override configureOptimizers(): never {
      return { optimizer: new PlainSgd(this.parameters(), 0.8), ...given } as never
    }
    optimizerStep(...[optimizer, gradients, how]: Parameters<NonNullable<BoringModule['optimizerStep']>>) {
      used.push(optimizer.groups[0]?.learningRate ?? 0)
      optimizer.step(gradients, how)
    }
  }
  const logger = new RowLogger()
  const module = new Scheduled()
  const data = { train: boringBatches({ batches: 2 }), validate: boringBatches({ batches: 1 }) }
  try {
    await quietTrainer({ maxEpochs: 3, loggers: [logger], logEvery: everySteps(1), ...options }).fit(module, data)
  } finally {
    module.dispose()
  }
  return { used, logger }
}

describe('schedules', () => {
  test('by epoch, which is the default, and by step', async () => {
    expect((await rates({ schedule: halving() })).used).toBeAllClose([0.8, 0.8, 0.4, 0.4, 0.2, 0.2])
    expect((await rates({ schedule: halving('step') })).used).toBeAllClose([0.8, 0.4, 0.2, 0.1, 0.05, 0.025])
    expect((await rates({ schedule: halving(), interval: 'step' })).used).toBeAllClose([
      0.8, 0.4, 0.2, 0.1, 0.05, 0.025,
    ])
  })

  test('every so many intervals', async () => {
    expect((await rates({ schedule: halving('step'), frequency: 3 })).used).toBeAllClose([0.8, 0.8, 0.8, 0.4, 0.4, 0.4])
    expect((await refusal(() => rates({ schedule: halving(), frequency: 0 }), 'LEVIN_BAD_OPTION')).message).toContain(
      'at least 1',
    )
  })

  test('count updates and not batches', async () => {
    expect((await rates({ schedule: halving('step') }, { accumulateGradBatches: 2 })).used).toBeAllClose([
      0.8, 0.4, 0.2,
    ])
  })

  test('that answer to a metric, once per epoch', async () => {
    const { used } = await rates({ schedule: onPlateau, monitor: 'val/score' }, { maxEpochs: 4 })
    expect(used).toBeAllClose([0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.08, 0.08])
  })

  test('that answer to a metric at each step', async () => {
    const { used } = await rates({ schedule: onPlateau, monitor: 'step/score', interval: 'step' }, { maxEpochs: 2 })
    expect(used).toBeAllClose([0.8, 0.8, 0.8, 0.08])
  })

  test('with a metric that nobody logs end the run, or warn once where strict is false', async () => {
    const error = await refusal(() => rates({ schedule: onPlateau, monitor: 'val/nothing' }), 'LEVIN_METRIC_NOT_FOUND')
    expect(error.message).toContain("The schedule 'onPlateau' watches 'val/nothing', which nothing has logged.")
    expect(error.message).toContain("Log 'val/nothing', or set strict: false.")
    const platform = new TestPlatform()
    const { used } = await rates({ schedule: onPlateau, monitor: 'val/nothing', strict: false }, { platform })
    expect(used).toBeAllClose(Array(6).fill(0.8))
    expect(platform.written.match(/warning: The schedule 'onPlateau' watches/g)).toHaveLength(1)
  })

  test('that answer to a metric need its name', async () => {
    const error = await refusal(() => rates({ schedule: onPlateau }), 'LEVIN_INVALID_MODULE')
    expect(error.message).toMatch(/'onPlateau' answers to a metric, and none is named. Add monitor: 'val\/loss'/)
  })
})

describe('learningRateMonitor', () => {
  const monitored = async (options: Parameters<typeof learningRateMonitor>[0], given: Partial<OptimizerWithSchedule>) =>
    (await rates(given, { callbacks: [learningRateMonitor(options)] })).logger

  test('logs each rate at the interval of its schedule, under its name', async () => {
    const byStep = (await monitored({}, { schedule: halving('step') })).of('lr-plainSgd')
    expect(byStep.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6])
    expect(byStep.map(([, rate]) => rate)).toBeAllClose([0.8, 0.4, 0.2, 0.1, 0.05, 0.025])
    const byEpoch = (await monitored({}, { schedule: halving(), name: 'rate' })).of('rate')
    expect(byEpoch.map(([step]) => step)).toEqual([2, 4, 6])
    expect(byEpoch.map(([, rate]) => rate)).toBeAllClose([0.8, 0.4, 0.2])
  })

  test('takes an interval and a prefix', async () => {
    const logger = await monitored({ loggingInterval: 'step', logKeyPrefix: 'optim/' }, { schedule: halving() })
    expect(logger.of('optim/lr-plainSgd').map(([, rate]) => rate)).toBeAllClose([0.8, 0.8, 0.4, 0.4, 0.2, 0.2])
  })

  test('logs nothing of steps where nothing logs steps', async () => {
    const callbacks = [learningRateMonitor({ loggingInterval: 'step' })]
    const { logger } = await rates({ schedule: halving('step') }, { callbacks, logEvery: never() })
    expect(logger.of('lr-plainSgd')).toEqual([])
  })
})
