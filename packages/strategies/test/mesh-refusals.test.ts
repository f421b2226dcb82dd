import { transformerPlan } from '@levin/nn'
import { afterAll, describe, expect, test } from 'vitest'
import { type MeshOptions, mesh } from '../src/mesh.js'
import type { MeshTraining } from './programs/mesh-training.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(3)
afterAll(() => ranks.end())

const TRAINING = { steps: 2, batchSize: 2, samples: 16, accumulate: 4 } as const
const plan = transformerPlan({ tokens: 'tokens', head: 'head' })
const PIPELINE: MeshOptions = { pipeline: 2 }

type Case = readonly [model: MeshTraining['model'], options: MeshOptions, text: RegExp, size?: number]

interface Refused {
  readonly model: MeshTraining['model']
  readonly options: MeshOptions
  readonly text: RegExp
  readonly size: number
}

const listOf = (cases: readonly Case[]): Refused[] =>
  cases.map(([model, options, text, size = 2]) => ({ model, options, text, size }))

/** Said by every rank. */
const REFUSALS: readonly Case[] = [
  ['gpt', PIPELINE, /\{ pipeline: 2 \} does not come to 3 workers.*a multiple of 2 workers/s, 3],
  ['gpt', { data: 2, tensor: 2 }, /\{ data: 2, tensor: 2 \} does not come to 2 workers.*4 workers/s],
  ['noChain', PIPELINE, /cannot tell where to cut NoChain.*neither/s],
  ['twoChains', PIPELINE, /cannot tell where to cut TwoChains.*2 chains: 'first', 'second'/s],
  ['noLayers', PIPELINE, /stages\(\) gives what no pipeline can be made of/],
  ['stranger', PIPELINE, /stages\(\) gives what no pipeline can be made of/],
  ['twice', PIPELINE, /'tokens' is in the pipeline of Staged twice/],
  ['threeStages', PIPELINE, /stages\(\) gives 3 stages.*Expected 2/s],
  ['mlp', { pipeline: 2, chunks: 8 }, /Mlp cannot be cut into 16 stages/],
  ['manual', PIPELINE, /'mesh' does not support manual/],
  ['plain', PIPELINE, /'plain' is a plain tf.Variable/],
  ['clipping', PIPELINE, /Clipping has configureGradientClipping\(\)/],
  ['gpt', { tensor: 2, plan: { 'block.0': 'block' } }, /names 'block\.0'.*Did you mean 'blocks\.0'/s],
  ['gpt', { tensor: 2, plan: { head: 'rows' } }, /rows/],
  ['gpt', { schedule: 'gpipe' }, /'schedule' would do nothing: no two ranks of this mesh are along 'pipeline'/],
  ['gpt', { chunks: 2 }, /'chunks' would do nothing/],
  ['gpt', { trace: 'traces' }, /'trace' would do nothing/],
  ['gpt', { sequenceParallel: true, plan }, /'sequenceParallel' would do nothing/],
  ['gpt', { ...PIPELINE, zero: 1 }, /'zero' would do nothing: .* along 'data' or 'context'/],
  ['gpt', { context: 3 }, /cannot be divided among the 3 ranks of the context axis/, 3],
]

/** Said by the ranks that come to it; the others learn that one has failed. */
const FAILURES: readonly Case[] = [
  ['otherOrder', PIPELINE, /calls 'tokens' \(Embedding.*where a pipeline expects another layer/],
  ['endsEarly', PIPELINE, /ends without having called all layers of the pipeline/],
  ['between', PIPELINE, /in a part that stage 1 passes over/],
  ['failing', PIPELINE, /a layer is out of order/],
]

/** What each rank says. */
const errorsOf = async ({ model, options, size }: Refused): Promise<readonly string[]> => {
  const error = await ranks.run('meshTrain', { ...TRAINING, model, options }, { size }).then(
    () => expect.unreachable('was not refused'),
    (reason: Error) => reason,
  )
  return error.message.split(/^(?=rank \d)/m)
}

describe('a mesh refuses on every rank', () => {
  test.each(listOf(REFUSALS))('$model under $options', async (refused) => {
    const said = await errorsOf(refused)
    expect(said).toHaveLength(refused.size)
    for (const each of said) expect(each).toMatch(refused.text)
  })
})

describe('a step that goes wrong on a rank ends all', () => {
  test.each(listOf(FAILURES))('$model under $options', async (refused) => {
    const said = await errorsOf(refused)
    expect(said).toHaveLength(refused.size)
    for (const each of said) expect(each).toMatch(refused.text)
  })
})

test('several chunks under a schedule of one part each are refused where the strategy is made', () => {
  expect(() => mesh({ pipeline: 2, chunks: 2, schedule: 'zeroBubble' })).toThrow(
    /'zeroBubble' has one part of the model on each rank, and 2 chunks are asked for/,
  )
})
