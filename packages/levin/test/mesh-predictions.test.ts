import '@levin/testing/vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostTensor } from '@levin/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mesh, Trainer, type TrainerOptions } from '../src/index.js'
import { transformerPlan } from '../src/nn.js'

const run = new URL('./run-modules/characters.ts', import.meta.url)
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

let rootDir: string
beforeAll(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'levin-mesh-predictions-'))
})
afterAll(() => rm(rootDir, { recursive: true, force: true }))

const predict = async (options: TrainerOptions, batchSize: number) => {
  const trainer = new Trainer({
    launcher: ['worker', { deadline: 60_000 }],
    loggers: false,
    defaultRootDir: rootDir,
    ...options,
  })
  const { predictions } = await trainer.predict(run, { hparams: { batchSize } })
  return predictions.flat().map((prediction) => prediction as HostTensor)
}

test('ranks that share a model predict once for each sample, in the order of the data', async () => {
  const values = (predictions: readonly HostTensor[]) => predictions.flatMap(({ data }) => [...data])
  const one = values(await predict({ devices: 1 }, 8))
  for (const [devices, strategy, batchSize] of [
    [2, mesh({ pipeline: 2 }), 8],
    [2, mesh({ tensor: 2, plan }), 8],
    [4, mesh({ data: 2, pipeline: 2 }), 4],
  ] as const)
    expect(values(await predict({ devices, strategy }, batchSize))).toBeAllClose(one, { rtol: 1e-4, atol: 1e-5 })
})

test('ranks that have stretches of sequences do not predict', async () => {
  await expect(predict({ devices: 2, strategy: mesh({ context: 2 }) }, 8)).rejects.toThrow(/context axis/)
})
