import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskCheckpoints } from '@levin/checkpoints/node'
import { assertAllClose } from '@levin/testing'
import { type Tensor, tensor, tensor2d } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { axisSizes, placeOf, speaks } from '../../src/mesh/layout.js'
import type { MeshOptions } from '../../src/mesh.js'
import { MESH_MODELS, TIME, VOCABULARY } from '../programs/mesh-models.js'
import { type MeshTrained, type MeshTraining, trainMesh } from '../programs/mesh-training.js'
import type { Ranks } from './ranks.js'

export type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>

interface Reference {
  readonly trained: MeshTrained
  readonly weights: Weights
}

const references = new Map<string, Promise<Reference>>()

/** The same training on one device, once. */
function reference(training: MeshTraining): Promise<Reference> {
  const key = JSON.stringify(training)
  const known =
    references.get(key) ??
    inFolder(async (to) => ({
      trained: await trainMesh({ ...training, to }, { size: 1 }),
      weights: await weightsIn(to),
    }))
  references.set(key, known)
  return known
}

export async function inFolder<T>(body: (location: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'levin-mesh-'))
  try {
    return await body(join(folder, 'checkpoint'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function weightsIn(location: string): Promise<Weights> {
  const { model } = await diskCheckpoints().load(location)
  const weights = new Map<string, { shape: readonly number[]; values: Float32Array }>()
  for (const [name, record] of model)
    weights.set(name, { shape: record.shape, values: (await record.data()) as Float32Array })
  return weights
}

/** The loss of each micro-batch, over all ranks that have one of their own. */
export function lossesOf(all: readonly MeshTrained[], options: MeshOptions): number[] {
  const sizes = axisSizes(options, 'data', all.length)
  const own = all.filter((_, rank) => speaks(placeOf(rank, sizes), sizes))
  return (own[0]?.losses ?? []).map((_, batch) => {
    const parts = own.map(({ losses }) => losses[batch] as MeshTrained['losses'][0]).filter(({ weight }) => weight > 0)
    const weight = parts.reduce((total, part) => total + part.weight, 0)
    return parts.reduce((total, part) => total + part.loss * part.weight, 0) / weight
  })
}

/** The biases of keys change no attention: their gradients are rounding errors, which Adam makes steps of its full size of. */
export const isFree = (path: string): boolean => path.endsWith('attention.key.bias')

/** Trains on a mesh and on one device, and compares losses, what validation says, and the checkpoint of the end. */
export async function compareMesh(
  ranks: Ranks,
  training: MeshTraining,
  options: MeshOptions,
  size: number,
  rtol = 1e-5,
): Promise<readonly MeshTrained[]> {
  const single = await reference(training)
  return inFolder(async (to) => {
    const trained = await ranks.run<MeshTrained>('meshTrain', { ...training, options, to }, { size })
    assertAllClose(lossesOf(trained, options), lossesOf([single.trained], {}), { rtol, atol: rtol / 100 }, 'losses')
    const weights = await weightsIn(to)
    expect([...weights.keys()].sort()).toEqual([...single.weights.keys()].sort())
    for (const [path, { shape, values }] of single.weights) {
      expect(weights.get(path)?.shape).toEqual(shape)
      if (!isFree(path))
        assertAllClose(weights.get(path)?.values ?? [], values, { rtol: 10 * rtol, atol: 10 * rtol }, path)
    }
    if (training.model !== 'mlp')
      expect(textOf(training.model, weights)).toEqual(textOf(training.model, single.weights))
    // Values of single steps are global rank zero's: of all the data only where it has all of them.
    const { data, context } = axisSizes(options, 'data', size)
    const names = data * context === 1 ? ['val/loss', 'train/loss'] : ['val/loss']
    expect(single.trained.metrics).toHaveProperty(['val/loss'])
    for (const { metrics, tensorsLeft } of trained) {
      // A value that one device has and a mesh lacks is not compared with NaN, and so not missed.
      for (const name of names) expect(name in metrics, name).toBe(name in single.trained.metrics)
      for (const name of names)
        assertAllClose(
          metrics[name] ?? Number.NaN,
          single.trained.metrics[name] ?? Number.NaN,
          { rtol, atol: rtol },
          name,
        )
      expect(tensorsLeft).toBe(0)
    }
    return trained
  })
}

/** What a model with these weights writes if it takes the likeliest character each time. */
function textOf(model: MeshTraining['model'], weights: Weights): readonly number[] {
  const module = MESH_MODELS[model as keyof typeof MESH_MODELS]().build()
  try {
    for (const parameter of module.parameters()) {
      const { shape, values } = weights.get(parameter.path) as { shape: number[]; values: Float32Array }
      parameter.assign(tensor(values, shape))
    }
    const text = [1, 2, 3, 4, 5, 6, 7, 8].slice(-TIME)
    while (text.length < 4 * TIME) {
      const logits = module.predict<Tensor>(tensor2d([text.slice(-TIME)], [1, TIME], 'int32') as never)
      const last = logits.dataSync<'float32'>().slice(-VOCABULARY)
      logits.dispose()
      text.push(last.indexOf(Math.max(...last)))
    }
    return text
  } finally {
    module.dispose()
  }
}
