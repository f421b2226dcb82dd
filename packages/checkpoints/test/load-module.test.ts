import {
  type CheckpointContent,
  constant,
  Layer,
  Module,
  Parameter,
  type StepContext,
  uniform,
  unregister,
  wholeModel,
} from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { add, dot, memory, setBackend, type Tensor1D, tensor1d } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { checkpointIO, loadModule, memoryStorage, readWeights, writeWeights } from '../src/index.js'
import * as node from '../src/node.js'
import { contentOf, record, refusal, temporaryFolders } from './support.js'
import { saveInParts } from './support-parts.js'
import '../src/register.js'

class Dense extends Layer<Tensor1D, Tensor1D> {
  readonly weight: Parameter
  readonly bias: Parameter
  constructor(inputs: number, outputs: number) {
    super()
    this.weight = new Parameter([inputs, outputs], uniform(-1, 1))
    this.bias = new Parameter([outputs], constant(0.5))
  }
  compute(x: Tensor1D, _step: StepContext): Tensor1D {
    return add(dot(x, this.weight.value as never), this.bias.value) as Tensor1D
  }
}

interface Hparams {
  readonly width: number
}

class Regression extends Module<Tensor1D> {
  override readonly hparams: Readonly<Record<string, unknown>>
  readonly net: Dense
  constructor({ width }: Hparams) {
    super()
    this.hparams = { width }
    this.net = new Dense(2, width)
  }
}

class Deeper extends Regression {
  readonly head = new Dense(3, 1)
}

const folder = temporaryFolders()
const contentFor = (module: Module): CheckpointContent => ({
  ...contentOf(1, { weightsOnly: true }),
  model: wholeModel(module),
  manifest: { ...contentOf(1).manifest, hparams: module.hparams ?? {} },
})

beforeAll(() => setBackend('cpu'))
const modules: Module[] = []
afterEach(() => {
  for (const module of modules.splice(0)) module.dispose()
  expect(memory().numTensors).toBe(0)
})

function tracked<M extends Module>(module: M): M {
  modules.push(module)
  return module
}

function predictions(module: Module): number[] {
  const x = tensor1d([1, 2])
  const y = module.predict(x)
  const values = [...y.dataSync()]
  for (const tensor of [x, y]) tensor.dispose()
  return values
}

/** A module with values of its own, saved. */
async function trained(): Promise<{ module: Regression; location: string }> {
  const location = join(await folder(), 'epoch=1')
  const module = tracked(new Regression({ width: 3 }).build({ seed: 17 }))
  await node.diskCheckpoints().save(location, contentFor(module))
  return { module, location }
}

describe('a module out of a checkpoint', () => {
  it('predicts what the trained one predicts, made with its hyperparameters', async () => {
    const { module, location } = await trained()
    const loaded = tracked(await node.loadModule(Regression, location))
    expect(loaded.hparams).toEqual({ width: 3 })
    expect(predictions(loaded)).toEqual(predictions(module))
    expect(predictions(loaded)).not.toEqual(predictions(tracked(new Regression({ width: 3 }).build({ seed: 0 }))))
  })

  it('is the same out of a checkpoint that three ranks wrote, each a part of every tensor', async () => {
    const { module } = await trained()
    const location = join(await folder(), 'parts')
    const io = node.diskCheckpoints()
    await saveInParts([io, io, io], location, { ...contentFor(module), model: [...wholeModel(module)] })
    expect(predictions(tracked(await node.loadModule(Regression, location)))).toEqual(predictions(module))
    expect([...(await node.readWeights(location)).keys()].sort()).toEqual(['net.bias', 'net.weight'])
  })

  it('is made by a class, a function or an arrow, and found by a pointer or by the registered I/O', async () => {
    const { module, location } = await trained()
    const root = join(location, '..')
    await node.diskCheckpoints().point(root, 'last', location)
    function make(hparams: Hparams) {
      return new Regression(hparams)
    }
    for (const source of [Regression, make, (hparams: Hparams) => new Regression(hparams)]) {
      expect(predictions(tracked(await loadModule(source, join(root, 'last'))))).toEqual(predictions(module))
    }
  })

  it('needs an I/O: the one that is given, or a registered one', async () => {
    const { module } = await trained()
    const io = checkpointIO(memoryStorage())
    await io.save('a', contentFor(module))
    expect(predictions(tracked(await loadModule(Regression, 'a', { io })))).toEqual(predictions(module))
    unregister(node.disk)
    const error = await refusal(loadModule(Regression, 'a'))
    expect(error).toMatchObject({
      code: 'LEVIN_UNAVAILABLE',
      remedy: expect.stringContaining('@levin/checkpoints/register'),
    })
  })

  it('of another model is refused with the names that differ, and nothing is left of it', async () => {
    const { location } = await trained()
    const before = memory().numTensors
    const deeper = await refusal(node.loadModule(Deeper, location))
    expect(deeper.code).toBe('LEVIN_CHECKPOINT_MISMATCH')
    expect(deeper.message).toMatch(/lacks head\.weight, head\.bias/)
    const wider = await refusal(node.loadModule(() => new Regression({ width: 4 }), location))
    expect(wider.code).toBe('LEVIN_CHECKPOINT_MISMATCH')
    expect(wider.message).toMatch(/'net\.weight' has shape \[2, 3\] in the checkpoint and \[2, 4\] in the model/)
    expect(memory().numTensors).toBe(before)
  })

  it('takes what fits when told not to be strict', async () => {
    const { module, location } = await trained()
    const loaded = tracked(await node.loadModule(Deeper, location, { strict: false }))
    expect([...loaded.net.weight.value.dataSync()]).toEqual([...module.net.weight.value.dataSync()])
    expect(loaded.head.weight.isMaterialised).toBe(true)
  })

  it('is refused where the source makes no module', async () => {
    const { location } = await trained()
    for (const source of [class Other {}, () => undefined, async () => new Regression({ width: 3 })]) {
      expect((await refusal(node.loadModule(source as never, location))).code).toBe('LEVIN_INVALID_MODULE')
    }
  })

  it('that is not there or damaged is refused before anything is made', async () => {
    let made = 0
    const source = () => {
      made++
      return new Regression({ width: 3 })
    }
    expect((await refusal(node.loadModule(source, '/nowhere'))).code).toBe('LEVIN_CHECKPOINT_NOT_FOUND')
    expect(made).toBe(0)
  })
})

describe('weights alone', () => {
  it('are written as one file and read again, from a file as from a checkpoint', async () => {
    const { module, location } = await trained()
    const file = join(location, '..', 'exports', 'weights.safetensors')
    await node.writeWeights(module, file, { metadata: { licence: 'CC0' } })
    for (const source of [file, location]) {
      const weights = await node.readWeights(source)
      expect([...weights.keys()].sort()).toEqual(['net.bias', 'net.weight'])
      expect(await weights.get('net.weight')?.data()).toEqual(module.net.weight.value.dataSync())
    }
    expect((await readFile(file)).subarray(8, 60).toString()).toContain('"__metadata__":{"licence":"CC0"}')
  })

  it('replace a file only once the new one is whole', async () => {
    const storage = memoryStorage()
    await writeWeights([record('a', Float32Array.of(1))], 'w.safetensors', { storage })
    const lost = { ...record('a', Float32Array.of(2)), data: () => Promise.reject(new Error('device lost')) }
    await expect(writeWeights([lost], 'w.safetensors', { storage })).rejects.toThrow(/device lost/)
    const weights = await readWeights('w.safetensors', { storage })
    expect(await weights.get('a')?.data()).toEqual(Float32Array.of(1))
    expect(await storage.list('')).toEqual(['w.safetensors'])
  })

  it('of a module without values, and of a file that is not there, are refused', async () => {
    const storage = memoryStorage()
    const module = new Regression({ width: 1 })
    expect((await refusal(writeWeights(module, 'w.safetensors', { storage }))).code).toBe('LEVIN_NOT_MATERIALISED')
    expect((await refusal(readWeights('w.safetensors', { storage }))).code).toBe('LEVIN_CHECKPOINT_NOT_FOUND')
  })
})
