import '@tensorflow/tfjs-backend-cpu'
import { anyOf, atEnd, everyEpochs, everySteps, type Logger, never, type Trigger } from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import { expect, test } from 'vitest'
import { Trainer } from '../src/index.js'

/** Steps at which rows of single steps were logged, over two epochs of four steps. */
async function loggedSteps(logEvery: Trigger): Promise<number[]> {
  const steps: number[] = []
  const logger: Logger = {
    name: 'spy',
    version: '0',
    setup: () => {},
    logMetrics: (row, { globalStep }) => {
      if ('train/loss' in row) steps.push(globalStep)
    },
    logHyperparameters: () => {},
    position: () => ({}),
    finalize: () => {},
  }
  const module = new BoringModule()
  const quiet = { enableProgressBar: false, enableModelSummary: false, enableCheckpointing: false } as const
  await new Trainer({ ...quiet, maxEpochs: 2, loggers: [logger], logEvery }).fit(module, { train: boringBatches() })
  module.dispose()
  return steps
}

test.each<[string, Trigger, number[]]>([
  ['steps', everySteps(3), [3, 6]],
  ['epochs', everyEpochs(1), [4, 8]],
  ['the end', atEnd(), [8]],
  ['steps or epochs, each step once', anyOf(everySteps(2), everyEpochs(1)), [2, 4, 6, 8]],
  ['never', never(), []],
])('values of a step are logged by %s', async (_name, trigger, expected) => {
  expect(await loggedSteps(trigger)).toEqual(expected)
})
