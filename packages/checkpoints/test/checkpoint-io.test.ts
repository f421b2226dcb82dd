import 'fake-indexeddb/auto'
import type { CheckpointContent, TensorRecord } from '@levin/core'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { checkpointIO, memoryStorage } from '../src/index.js'
import { indexedDbStorage } from '../src/indexeddb.js'
import { nodeStorage } from '../src/node.js'
import { opfsStorage } from '../src/opfs.js'
import type { Storage } from '../src/storage.js'
import { contentOf, record, refusal, temporaryFolders } from './support.js'
import { memoryFileSystem } from './support-opfs.js'

const folder = temporaryFolders()

interface Place {
  readonly storage: Storage
  readonly root: string
}

const places: [string, () => Promise<Place>][] = [
  ['memory', async () => ({ storage: memoryStorage(), root: 'runs/1' })],
  ['disk', async () => ({ storage: nodeStorage(), root: await folder() })],
  ['OPFS', async () => opfsPlace(true)],
  ['OPFS by blocking handles', async () => opfsPlace(false)],
  ['IndexedDB', async () => ({ storage: indexedDbStorage(crypto.randomUUID()), root: 'runs/1' })],
]

function opfsPlace(streams: boolean): Place {
  const fileSystem = memoryFileSystem({ streams })
  return { storage: opfsStorage({ root: async () => fileSystem }), root: 'runs/1' }
}

async function values(records: ReadonlyMap<string, TensorRecord> | undefined, name: string): Promise<number[]> {
  return [...((await records?.get(name)?.data()) ?? [])]
}

describe.each(places)('checkpoints in %s', (_name, make) => {
  let storage: Storage
  let root: string
  beforeEach(async () => {
    ;({ storage, root } = await make())
  })
  const io = () => checkpointIO(storage)

  it('come back as they were saved', async () => {
    await io().save(`${root}/a`, contentOf(3))
    const { facts, trainer, model, optimizer, location } = await io().load(`${root}/a`)
    expect(facts).toEqual(contentOf(3).manifest)
    expect(trainer).toEqual({ clock: { globalStep: 3 }, best: Number.POSITIVE_INFINITY })
    expect([...model.keys()].sort()).toEqual(['net.0.bias', 'net.0.weight'])
    expect(model.get('net.0.weight')).toMatchObject({ dtype: 'float32', shape: [16, 4] })
    expect(await values(model, 'net.0.bias')).toEqual([3, -3])
    expect(await values(optimizer, 'net.0.bias/mean')).toEqual([1.5, 0])
    expect(location).toBe(storage.absolute(`${root}/a`))
  })

  it('are folders of the files that the format names, and nothing else is left', async () => {
    await io().save(`${root}/a`, contentOf(1))
    await io().save(`${root}/b`, contentOf(2, { weightsOnly: true }))
    await io().save(`${root}/a`, contentOf(3))
    const files = ['manifest.json', 'model.safetensors', 'optimizer.safetensors', 'trainer.json']
    expect((await storage.list(storage.absolute(root))).sort()).toEqual(['a', 'b'])
    expect((await storage.list(storage.absolute(`${root}/a`))).sort()).toEqual(files)
    expect((await storage.list(storage.absolute(`${root}/b`))).sort()).toEqual(files.filter((name) => name[0] !== 'o'))
    expect((await io().load(`${root}/b`)).optimizer).toBeUndefined()
    expect((await io().load(`${root}/a`)).facts.globalStep).toBe(3)
  })

  it('take the values of the moment when save is called, not of the moment when they are written', async () => {
    let step = 1
    const live = function* (): Iterable<TensorRecord> {
      yield record('step', Int32Array.of(step))
    }
    const content = (): CheckpointContent => ({ ...contentOf(step), model: live() })
    const saves = [io().save(`${root}/a`, content())]
    step = 2
    await Promise.all(saves)
    expect(await values((await io().load(`${root}/a`)).model, 'step')).toEqual([1])
  })

  it('take streams of tensors', async () => {
    const stream = async function* (): AsyncIterable<TensorRecord> {
      yield* contentOf(4).model as Iterable<TensorRecord>
    }
    await io().save(`${root}/a`, { ...contentOf(4), model: stream() })
    expect(await values((await io().load(`${root}/a`)).model, 'net.0.bias')).toEqual([4, -4])
  })

  it('that are saved to one name at once come one after the other: the later call stays', async () => {
    const one = io()
    await Promise.all([1, 2, 3, 4, 5].map((step) => one.save(`${root}/a`, contentOf(step))))
    expect((await one.load(`${root}/a`)).facts.globalStep).toBe(5)
    expect(await storage.list(storage.absolute(root))).toEqual(['a'])
  })

  it('that are saved to one name by writers who do not know each other leave one of them, whole', async () => {
    const steps = [1, 2, 3, 4]
    await Promise.all(steps.map((step) => io().save(`${root}/a`, contentOf(step))))
    const { facts, model } = await io().load(`${root}/a`)
    expect(steps).toContain(facts.globalStep)
    expect(await values(model, 'net.0.bias')).toEqual([facts.globalStep, -facts.globalStep])
    expect(await storage.list(storage.absolute(root))).toEqual(['a'])
  })

  it('are there or not', async () => {
    expect(await io().exists(`${root}/a`)).toBe(false)
    await io().save(`${root}/a`, contentOf(1))
    expect(await io().exists(`${root}/a`)).toBe(true)
    await io().remove(`${root}/a`)
    expect(await io().exists(`${root}/a`)).toBe(false)
    await io().remove(`${root}/a`)
    const error = await refusal(io().load(`${root}/a`))
    expect(error.code).toBe('LEVIN_CHECKPOINT_NOT_FOUND')
    expect(error.message).toContain(storage.absolute(`${root}/a`))
  })

  it('are found by pointers, which are replaced', async () => {
    await io().save(`${root}/epoch=1`, contentOf(1))
    await io().save(`${root}/epoch=2`, contentOf(2))
    expect(await io().resolve(root, 'last')).toBeUndefined()
    await io().point(root, 'last', `${root}/epoch=1`)
    await io().point(root, 'last', `${root}/epoch=2`)
    expect(await io().resolve(root, 'last')).toBe(storage.absolute(`${root}/epoch=2`))
    expect((await io().load(`${root}/last`)).facts.globalStep).toBe(2)
    expect(await io().exists(`${root}/last`)).toBe(true)
    await io().remove(`${root}/epoch=2`)
    expect(await io().exists(`${root}/last`)).toBe(false)
    expect((await refusal(io().load(`${root}/last`))).message).toContain('epoch=2')
  })

  it('outside the folder are not pointed at', async () => {
    for (const target of [`${root}/../other`, root, '/elsewhere']) {
      expect((await refusal(io().point(root, 'last', target))).code).toBe('LEVIN_BAD_OPTION')
    }
  })

  it.each(['../secret', '/etc', '', 'a/../../b'])(
    'are not looked for where a forged pointer %j leads',
    async (target) => {
      await storage.makeFolder(storage.absolute(root))
      await storage.replace(`${storage.absolute(root)}/last`, [new TextEncoder().encode(`${target}\n`)])
      expect((await refusal(io().resolve(root, 'last'))).code).toBe('LEVIN_CHECKPOINT_CORRUPT')
      expect((await refusal(io().load(`${root}/last`))).code).toBe('LEVIN_CHECKPOINT_CORRUPT')
    },
  )

  it('never replace or remove a folder that holds something else', async () => {
    const precious = storage.absolute(`${root}/data`)
    await storage.makeFolder(precious)
    await storage.replace(`${precious}/thesis.txt`, [new Uint8Array(3)])
    for (const attempt of [() => io().save(`${root}/data`, contentOf(1)), () => io().remove(`${root}/data`)]) {
      const error = await refusal(attempt())
      expect(error.code).toBe('LEVIN_FILES')
      expect(error.message).toContain('thesis.txt')
    }
    expect(await storage.list(precious)).toEqual(['thesis.txt'])
  })

  it('keep only JSON, and say what is not', async () => {
    const withHparams = (hparams: Record<string, unknown>) => ({
      ...contentOf(1),
      manifest: { ...contentOf(1).manifest, hparams },
    })
    const error = await refusal(io().save(`${root}/a`, withHparams({ schedule: { factor: () => 1 } })))
    expect(error.code).toBe('LEVIN_BAD_OPTION')
    expect(error.message).toContain('manifest.hparams.schedule.factor')
    expect((await refusal(io().save(`${root}/a`, withHparams({ when: new Date() })))).message).toContain('a Date')
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect((await refusal(io().save(`${root}/a`, withHparams(circle)))).message).toContain('within itself')
    expect(await io().exists(`${root}/a`)).toBe(false)
  })

  it('keep numbers that JSON has no word for', async () => {
    const trainer = {
      worst: Number.NEGATIVE_INFINITY,
      none: Number.NaN,
      zero: -0,
      list: [Number.POSITIVE_INFINITY, null, 1.5],
    }
    await io().save(`${root}/a`, { ...contentOf(1), trainer })
    const read = (await io().load(`${root}/a`)).trainer
    expect(read).toEqual(trainer)
    expect(Object.is(read['zero'], -0)).toBe(true)
  })

  it('are told when another has taken their place between opening and reading', async () => {
    await io().save(`${root}/a`, contentOf(1))
    const { model } = await io().load(`${root}/a`)
    await io().save(`${root}/a`, contentOf(2))
    const error = await refusal(Promise.resolve(model.get('net.0.bias')?.data()))
    expect(error.message).toContain('another checkpoint has taken its place')
  })
})

describe('leftovers of saves that were ended', () => {
  const storage = () =>
    Object.assign(memoryStorage(), { writer: 'me', hasEnded: (writer: string) => writer === 'dead' })

  async function interrupted(where: Storage, step: number, name: string): Promise<void> {
    await checkpointIO(where).save('r/x', contentOf(step))
    await where.move('r/x', `r/${name}`, '')
  }

  it('are cleared by the next save of that name and by prepare, those of the living and of other names are not', async () => {
    const where = storage()
    await interrupted(where, 1, 'a.saving-dead-1')
    await where.remove('r/a.saving-dead-1/manifest.json')
    await interrupted(where, 2, 'a.saving-alive-1')
    await interrupted(where, 3, 'b.replaced-dead-1')
    await checkpointIO(where).save('r/b', contentOf(6))
    await interrupted(where, 3, 'b.replaced-dead-1')
    await checkpointIO(where).save('r/a', contentOf(4))
    expect((await where.list('r')).sort()).toEqual(['a', 'a.saving-alive-1', 'b', 'b.replaced-dead-1'])
    await checkpointIO(where).prepare('r')
    expect((await where.list('r')).sort()).toEqual(['a', 'a.saving-alive-1', 'b'])
    expect((await checkpointIO(where).load('r/b')).facts.globalStep).toBe(6)
  })

  it('of writers that cannot be asked are cleared after an hour of silence', async () => {
    const where = memoryStorage()
    await interrupted(where, 1, 'a.saving--1')
    await checkpointIO(where).save('r/a', contentOf(4))
    await checkpointIO(where).prepare('r')
    expect((await where.list('r')).sort()).toEqual(['a', 'a.saving--1'])
    const now = Date.now()
    vi.spyOn(Date, 'now').mockReturnValue(now + 61 * 60 * 1000)
    await checkpointIO(where).prepare('r')
    vi.restoreAllMocks()
    expect(await where.list('r')).toEqual(['a'])
  })

  it('are the checkpoint where its place is empty: the newer of the old one and the new one', async () => {
    const where = storage()
    await interrupted(where, 1, 'a.replaced-dead-1')
    await new Promise((resolve) => setTimeout(resolve, 3))
    await interrupted(where, 2, 'a.saving-dead-2')
    expect(await checkpointIO(where).exists('r/a')).toBe(true)
    expect(await checkpointIO(where).load('r/a')).toMatchObject({ location: 'r/a', facts: { globalStep: 2 } })
    await checkpointIO(where).prepare('r')
    expect(await where.list('r')).toEqual(['a'])
    expect((await checkpointIO(where).load('r/a')).facts.globalStep).toBe(2)
  })

  it('are passed over where they are cut short', async () => {
    const where = storage()
    await interrupted(where, 1, 'a.replaced-dead-1')
    await interrupted(where, 2, 'a.saving-dead-2')
    await where.replace('r/a.saving-dead-2/model.safetensors', [new Uint8Array(9)])
    expect((await checkpointIO(where).load('r/a')).facts.globalStep).toBe(1)
    await checkpointIO(where).prepare('r')
    expect((await checkpointIO(where).load('r/a')).facts.globalStep).toBe(1)
    expect(await where.list('r')).toEqual(['a'])
  })

  it('do not hold what a save that goes on has written so far, also when the checkpoint is removed', async () => {
    const where = storage()
    await interrupted(where, 1, 'a.saving-alive-1')
    await where.remove('r/a.saving-alive-1/manifest.json')
    await interrupted(where, 2, 'a.replaced-alive-1')
    await checkpointIO(where).remove('r/a')
    expect(await where.list('r')).toEqual(['a.saving-alive-1'])
  })

  it('do not come back once the checkpoint is removed', async () => {
    const where = storage()
    await interrupted(where, 1, 'a.replaced-dead-1')
    await checkpointIO(where).remove('r/a')
    expect(await checkpointIO(where).exists('r/a')).toBe(false)
  })
})
