import '@tensorflow/tfjs-backend-cpu'
import { type Accelerator, CurrentBackend, currentPlatform, definePlugin, type Platform } from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import { expect, test } from 'vitest'
import { Trainer } from '../src/index.js'

class NamedBackend extends CurrentBackend {
  constructor(readonly shown: string) {
    super()
  }
  override advice(): undefined {
    return undefined
  }
}

const accelerator = (name: string, priority: number, ok = true) =>
  definePlugin({
    kind: 'accelerator',
    name,
    apiVersion: 1,
    priority,
    availability: () => (ok ? { ok } : { ok, reason: 'It has no device.', remedy: 'Plug one in.' }),
    create: (): Accelerator => new NamedBackend(name),
  })

/** Fits once and gives the accelerator that the run used and what was said. */
async function fitWith(plugins: ReturnType<typeof accelerator>[]) {
  const said: string[] = []
  const platform: Platform = {
    ...currentPlatform(),
    terminal: { interactive: false, color: false, columns: () => 80, write: (text) => said.push(text) },
  }
  const used: Accelerator[] = []
  const watch = { onFitStart: (run: { accelerator: Accelerator }) => void used.push(run.accelerator) }
  const quiet = { enableProgressBar: false, enableModelSummary: false, loggers: false } as const
  const module = new BoringModule()
  await new Trainer({ ...quiet, plugins, platform, maxSteps: 1, callbacks: [watch] }).fit(module, {
    train: boringBatches(),
  })
  module.dispose()
  return { used: used[0], said: said.join('') }
}

test("'auto' takes a third party's accelerator of highest priority, without a word", async () => {
  const { used, said } = await fitWith([
    accelerator('modest', 1),
    accelerator('best', 20),
    accelerator('broken', 30, false),
  ])
  expect(used).toMatchObject({ shown: 'best' })
  expect(said).toBe('')
})

test('where nothing else works, one that is meant to be named is taken, with one warning that says why', async () => {
  const { used, said } = await fitWith([accelerator('fast', 5, false), accelerator('slow', -1)])
  expect(used).toMatchObject({ shown: 'slow' })
  expect(said).toBe("warning: Nothing faster than 'slow' is available here. 'fast': It has no device. Plug one in.\n")
})

test("without any plugin tfjs's own backend works, with one warning that names the package to install", async () => {
  const { used, said } = await fitWith([])
  expect(used).toBeInstanceOf(CurrentBackend)
  expect(said).toMatch(/^warning: Computing on tfjs's JavaScript backend.*@levin\/accelerators\/register'\.\n$/)
})
