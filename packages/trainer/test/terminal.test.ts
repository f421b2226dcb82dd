import '@tensorflow/tfjs-backend-cpu'
import { assignPaths, Parameter, zeros } from '@levin/core'
import { BoringModule, boringBatches, callbackCases, type Fit, TestPlatform } from '@levin/testing'
import { ready } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  earlyStopping,
  learningRateMonitor,
  modelCheckpoint,
  modelSummary,
  progressBar,
  summarize,
} from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { method, quietTrainer } from './support.js'

/** Logs the same everywhere, so that the golden text does not depend on arithmetic. */
class Steady extends BoringModule {
  override trainingStep(...[batch, step]: Parameters<BoringModule['trainingStep']>) {
    step.log('loss', 0.25, { progressBar: true, onStep: false, onEpoch: true })
    return this.loss(batch, step)
  }
}

async function shown(platform: TestPlatform, options: TrainerOptions = {}, milliseconds = 500): Promise<string> {
  const pass = { name: 'pass', onTrainBatchStart: () => platform.advance(milliseconds) }
  const module = new Steady()
  const data = { train: boringBatches({ batches: 4 }), validate: boringBatches({ batches: 1 }) }
  await quietTrainer({ platform, enableProgressBar: true, callbacks: [pass], ...options }).fit(module, data)
  module.dispose()
  return platform.written
}

const readable = (text: string): string => text.replaceAll('\r\u001b[2K', '⟲')

describe('progressBar', () => {
  test('on a terminal rewrites one line, and leaves the last of each epoch', async () => {
    const text = readable(await shown(new TestPlatform({ interactive: true, columns: 100 }), { maxEpochs: 2 }))
    expect(`\n${text}`).toBe(`
⟲epoch 1/2  ────────────────────────  0/4  0:00⟲epoch 1/2  ━━━━━━──────────────────  1/4  0:01 < 0:02  2.00 batches/s⟲epoch 1/2  ━━━━━━━━━━━━────────────  2/4  0:01 < 0:01  2.00 batches/s⟲epoch 1/2  ━━━━━━━━━━━━━━━━━━──────  3/4  0:02 < 0:01  2.00 batches/s⟲epoch 1/2  ━━━━━━━━━━━━━━━━━━━━━━━━  4/4  0:02 < 0:00  2.00 batches/s⟲epoch 1/2  ━━━━━━━━━━━━━━━━━━━━━━━━  4/4  0:02  2.00 batches/s  loss 0.25
⟲epoch 2/2  ────────────────────────  0/4  0:00  loss 0.25⟲epoch 2/2  ━━━━━━──────────────────  1/4  0:01 < 0:02  2.00 batches/s  loss 0.25⟲epoch 2/2  ━━━━━━━━━━━━────────────  2/4  0:01 < 0:01  2.00 batches/s  loss 0.25⟲epoch 2/2  ━━━━━━━━━━━━━━━━━━──────  3/4  0:02 < 0:01  2.00 batches/s  loss 0.25⟲epoch 2/2  ━━━━━━━━━━━━━━━━━━━━━━━━  4/4  0:02 < 0:00  2.00 batches/s  loss 0.25⟲epoch 2/2  ━━━━━━━━━━━━━━━━━━━━━━━━  4/4  0:02  2.00 batches/s  loss 0.25
`)
  })

  test('elsewhere writes a plain line per epoch, and one every ten seconds', async () => {
    expect(await shown(new TestPlatform(), { maxEpochs: 2 })).toBe(
      'epoch 1/2  4/4  0:02  2.00 batches/s  loss 0.25\nepoch 2/2  4/4  0:02  2.00 batches/s  loss 0.25\n',
    )
    expect(await shown(new TestPlatform(), {}, 6000)).toBe(
      [
        'epoch 1/1  2/4  0:12 < 0:12  0.17 batches/s',
        'epoch 1/1  4/4  0:24 < 0:00  0.17 batches/s',
        'epoch 1/1  4/4  0:24  0.17 batches/s  loss 0.25',
        '',
      ].join('\n'),
    )
  })

  test('draws no faster than its refresh rate, and cuts lines to the width of the terminal', async () => {
    const text = await shown(new TestPlatform({ interactive: true, columns: 30 }), {
      callbacks: [progressBar({ refreshRate: 1e9 })],
    })
    expect(text.split('\r\u001b[2K')).toHaveLength(3)
    expect(
      Math.max(
        ...readable(text)
          .split(/[⟲\n]/)
          .map((line) => line.length),
      ),
    ).toBe(29)
  })

  test('makes room for what is announced, and comes back below it', async () => {
    const platform = new TestPlatform({ interactive: true })
    const say = {
      name: 'say',
      onTrainBatchEnd: (...args: unknown[]) => {
        if (args[2] === 1) (args[3] as { announce(text: string): void }).announce('Look here.')
      },
    }
    const text = readable(await shown(platform, { callbacks: [say] }))
    expect(text).toMatch(/0\/4 {2}0:00⟲Look here\.\n⟲epoch 1\/1/)
  })

  test('shows the batches of validate, test and predict', async () => {
    for (const [stage, word] of [
      ['validate', 'validate'],
      ['test', 'test'],
      ['predict', 'predict'],
    ] as const) {
      const platform = new TestPlatform()
      const module = new Steady()
      await method(quietTrainer({ platform, enableProgressBar: true }), stage)(module, {
        [stage]: boringBatches({ batches: 3 }),
      })
      module.dispose()
      expect(platform.written).toBe(`${word}  3/3  0:00\n`)
    }
  })

  test('is gone after a run that failed', async () => {
    const platform = new TestPlatform({ interactive: true })
    const fail = { name: 'fail', onTrainBatchStart: () => Promise.reject(new Error('no')) }
    await expect(shown(platform, { callbacks: [fail] })).rejects.toThrow('no')
    expect(platform.written.endsWith('\r\u001b[2K')).toBe(true)
  })
})

describe('modelSummary', () => {
  class Wide extends BoringModule {
    readonly scale = new Parameter([3, 4000], zeros())
    override readonly exampleInput = [1, 8]

    override forward(...[x, step]: Parameters<BoringModule['forward']>) {
      return this.layer.forward(x as never, step)
    }
  }

  test('shows layers, parameters, output shapes and totals', async () => {
    await ready()
    const module = new Wide().build()
    module.layer.freeze()
    expect(`\n${summarize(module)}\n`).toBe(`
name   layer                parameters  output
─────  ───────────────────  ──────────  ──────
layer  BoringLinear                 18  [1, 2]
scale  Parameter [3, 4000]      12.0 K
12.0 K trainable parameters, 18 others, 0.0481 MB
`)
    module.dispose()
  })

  test('leaves output shapes out where a rank holds parts of parameters', async () => {
    await ready()
    const module = new Wide()
    assignPaths(module)
    const [weight, ...others] = module.parameters()
    weight?.materialise({ seed: 0, shard: { start: [4], shape: [4], flat: true } })
    for (const parameter of others) parameter.materialise({ seed: 0 })
    expect(summarize(module)).toMatch(/^name +layer +parameters\n/)
    module.dispose()
  })

  test('is shown once, before training', async () => {
    const platform = new TestPlatform()
    const text = await shown(platform, { enableProgressBar: false, enableModelSummary: true, maxEpochs: 2 })
    expect(text).toBe(
      [
        'name   layer         parameters',
        '─────  ────────────  ──────────',
        'layer  BoringLinear          18',
        '18 trainable parameters, 0 others, 0.0000720 MB',
        '',
      ].join('\n'),
    )
  })
})

describe('the callbacks conform', () => {
  beforeAll(() => ready())
  const fitOnce: Fit = ({ module, data, ckptPath, clipping: _none, ...options }) =>
    quietTrainer({ ...options, enableCheckpointing: false }).fit(
      module,
      data,
      ckptPath === undefined ? {} : { ckptPath },
    )
  const callbacks = {
    earlyStopping: () => earlyStopping({ monitor: 'val/loss', patience: 1, mode: 'max' }),
    learningRateMonitor: () => learningRateMonitor({ loggingInterval: 'step' }),
    modelCheckpoint: () => modelCheckpoint({ monitor: 'val/loss' }),
    modelSummary: () => modelSummary(),
    progressBar: () => progressBar(),
  }
  describe.each(Object.entries(callbacks))('%s', (_name, create) => {
    for (const { name, run } of callbackCases({ create: create as never, fit: fitOnce })) test(name, run)
  })
})
