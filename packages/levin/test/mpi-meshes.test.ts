import '@levin/testing/vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requirePart } from '@levin/real-parts'
import { ready } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cpu, Trainer } from '../src/index.js'
import { transformerPlan } from '../src/nn.js'
import { Characters } from './run-modules/characters.js'
import { checkpointIn, hparams, levin, mpirun, weights } from './support.js'

const [BATCH, MAX_STEPS] = [4, 8]
const run = fileURLToPath(new URL('./run-modules/mpi-characters.ts', import.meta.url))
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

let folder: string
let expected: Record<string, number[]>
beforeAll(async () => {
  await cpu().setup()
  await ready()
  folder = await mkdtemp(join(tmpdir(), 'levin-mpi-meshes-'))
  const alone = { batchSize: BATCH, maxSteps: MAX_STEPS, saveEvery: MAX_STEPS }
  const { lastCheckpoint } = await new Trainer({
    launcher: 'worker',
    loggers: false,
    defaultRootDir: join(folder, 'one'),
  }).fit(new URL('./run-modules/characters.ts', import.meta.url), { hparams: alone })
  expected = await weights(lastCheckpoint, Characters as never)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const train = (name: string, ranks: number, flags: readonly string[], given: Record<string, unknown>) => {
  const all = hparams({ maxSteps: MAX_STEPS, saveEvery: MAX_STEPS, ...given })
  return mpirun(ranks, levin('fit', run, '--hparams', all, '--default-root-dir', name, ...flags), folder)
}

const ofMesh = (options: Record<string, unknown>): readonly string[] => [
  '--strategy',
  'mesh',
  '--strategy-options',
  JSON.stringify(options),
]

describe.runIf(requirePart('open-mpi'))('processes of MPI are a mesh', () => {
  const layouts: Readonly<Record<string, readonly [ranks: number, data: number, flags: readonly string[]]>> = {
    'a pipeline by its name': [2, 1, ['--strategy', 'pipeline', '--strategy-options', 'schedule=zeroBubble']],
    'pipeline, tensor and sequence': [
      4,
      1,
      ofMesh({ pipeline: 2, tensor: 2, sequenceParallel: true, plan, recompute: true }),
    ],
    'context and data with ZeRO': [4, 2, ofMesh({ context: 2, data: 2, zero: 1 })],
    'data and a pipeline in parts': [4, 2, ofMesh({ pipeline: 2, chunks: 2 })],
  }

  test.each(Object.entries(layouts))('%s: to what one device comes to; one rank speaks', async (name, layout) => {
    const [ranks, data, flags] = layout
    const { code, output } = await train(name, ranks, flags, { batchSize: BATCH / data })
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output.match(/completed after 2 epochs, 8 steps/g)).toHaveLength(1)
    const found = await weights(join(folder, checkpointIn(output)), Characters as never)
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const [path, values] of Object.entries(expected)) {
      // Their gradients are rounding errors, which Adam makes steps of its full size of.
      if (!path.endsWith('attention.key.bias')) expect(found[path]).toBeAllClose(values, { rtol: 1e-4, atol: 1e-5 })
    }
  })

  test.each([
    ['throw', 'a disaster'],
    ['kill', /rank 2 is lost|Rank 2|signal 9/],
  ])('a rank that ends by %s in its midst ends all, with an error', async (disaster, text) => {
    const flags = ofMesh({ pipeline: 2, data: 2 })
    const { code, output } = await train(disaster, 4, flags, { batchSize: 2, disaster, at: 2, rank: 2 })
    expect(code).not.toBe(0)
    expect(output).toMatch(text)
  })
})
