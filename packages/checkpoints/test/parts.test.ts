import 'fake-indexeddb/auto'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { checkpointIO, memoryStorage } from '../src/index.js'
import { diskCheckpoints } from '../src/node.js'
import type { Storage } from '../src/storage.js'
import { contentOf, record, refusal, temporaryFolders } from './support.js'
import { faulty } from './support-faults.js'
import { partOf, saveInParts, sharedOf, writeParts } from './support-parts.js'

const folder = temporaryFolders()
const RANKS = 3
const FILES = [1, 2, 3].flatMap((part) => [
  `model-0000${part}-of-00003.safetensors`,
  `optimizer-0000${part}-of-00003.safetensors`,
])
const ranks = (storage: Storage) => Array.from({ length: RANKS }, () => checkpointIO(storage))

describe('a checkpoint of three ranks', () => {
  let location: string
  const io = diskCheckpoints()
  beforeEach(async () => {
    location = join(await folder(), 'epoch=1')
    await saveInParts([io, diskCheckpoints(), diskCheckpoints()], location, contentOf(1))
  })

  it('is a folder of files with the names that Hugging Face gives them, and nothing is beside it', async () => {
    expect((await readdir(location)).sort()).toEqual(['manifest.json', ...FILES, 'trainer.json'].sort())
    expect(await readdir(join(location, '..'))).toEqual(['epoch=1'])
  })

  it('says in its manifest where each tensor lies, on one line, and in each file what its entries are part of', async () => {
    const text = await readFile(join(location, 'manifest.json'), 'utf8')
    const { version, tensors } = JSON.parse(text) as { version: number; tensors: Record<string, { name: string }[]> }
    expect(version).toBe(2)
    expect(tensors['model']?.find(({ name }) => name === 'net.0.weight')).toEqual({
      name: 'net.0.weight',
      dtype: 'F32',
      shape: [16, 4],
      parts: [
        { file: 'model-00001-of-00003.safetensors', start: [0], size: [22] },
        { file: 'model-00002-of-00003.safetensors', start: [22], size: [22] },
        { file: 'model-00003-of-00003.safetensors', start: [44], size: [20] },
      ],
    })
    expect(text.split('\n').filter((line) => line.includes('net.0.weight'))).toHaveLength(1)
    const bytes = await readFile(join(location, 'model-00002-of-00003.safetensors'))
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString())
    expect(header.__metadata__).toMatchObject({ 'levin.part': '2/3', format: 'levin' })
    expect(JSON.parse(header.__metadata__['levin.slices'])['net.0.weight']).toEqual({
      globalShape: [64],
      start: [22],
      wholeShape: [16, 4],
    })
    expect(header['net.0.weight'].shape).toEqual([22])
  })

  describe.each([...FILES, 'trainer.json', 'manifest.json'])('whose %s', (name) => {
    const file = () => join(location, name)
    const corrupt = () => ({ code: 'LEVIN_CHECKPOINT_CORRUPT', message: expect.stringContaining(name) })

    it('is cut short, missing or has one bit changed is refused, and the file named', async () => {
      const bytes = await readFile(file())
      // Without the line's end JSON is as whole as with it.
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 2]) {
        await truncate(file(), length)
        expect(await refusal(io.load(location))).toMatchObject(corrupt())
        await writeFile(file(), bytes)
      }
      for (let at = 0; at < bytes.length - 1; at += 41) {
        const changed = Buffer.from(bytes)
        changed[at] = (bytes[at] as number) ^ 1
        await writeFile(file(), changed)
        expect((await refusal(io.load(location))).message).toContain(name)
      }
      await rm(file())
      expect(await refusal(io.load(location))).toMatchObject(corrupt())
    })

    it('is that of another save is refused, of the same tensors too', async () => {
      const other = join(await folder(), 'other')
      await saveInParts([io, io, io], other, contentOf(name.endsWith('.safetensors') ? 1 : 2))
      await writeFile(file(), await readFile(join(other, name)))
      const error = await refusal(io.load(location))
      expect(error.code).toBe('LEVIN_CHECKPOINT_CORRUPT')
      // A strange manifest is whole: what does not fit it is named.
      if (name !== 'manifest.json') expect(error.message).toContain(name)
    })
  })

  it('is damaged for whoever loads it together, on the one rank that verifies the file', async () => {
    const file = join(location, FILES[0] as string)
    const bytes = await readFile(file)
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
    await writeFile(file, bytes)
    const loads = [0, 1, 2].map((rank) => io.load(location, { share: { rank, count: 3 } }))
    const refused = (await Promise.allSettled(loads)).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(1)
  })
})

it('the ranks that load a checkpoint together read the content of each file once, however many they are', async () => {
  for (const save of ['parts', 'whole']) {
    const storage = memoryStorage()
    if (save === 'parts') await saveInParts(ranks(storage), 'r/a', contentOf(1, { elements: 4096 }))
    else await checkpointIO(storage).save('r/a', contentOf(1, { elements: 4096 }))
    for (const count of [1, 2, 4, 9]) {
      const read = new Map<string, number>()
      const watched = watchReads(storage, (file, bytes) => read.set(file, (read.get(file) ?? 0) + bytes))
      for (let rank = 0; rank < count; rank++) await checkpointIO(watched).load('r/a', { share: { rank, count } })
      for (const [file, bytes] of read) {
        // A header may be read on every rank; it is small.
        const size = (await storage.size(file)) as number
        if (file.endsWith('.safetensors') && size > 4096) expect(bytes / size, file).toBeLessThan(1.5)
      }
    }
  }
})

function watchReads(storage: Storage, seen: (file: string, bytes: number) => void): Storage {
  return new Proxy(storage, {
    get(target, property: keyof Storage) {
      const member = target[property]
      if (typeof member !== 'function') return member
      return (...parameters: never[]) => {
        const [file, , bytes] = parameters as unknown as [string, number, number]
        if (property === 'read') seen(file, bytes)
        return (member as (...given: never[]) => unknown).apply(target, parameters)
      }
    },
  })
}

it('a stretch is read from the files that hold it, and from no others', async () => {
  const storage = memoryStorage()
  await saveInParts(ranks(storage), 'r/a', contentOf(1, { elements: 3072 }))
  let files = new Set<string>()
  const watched = watchReads(storage, (file) => void (file.endsWith('manifest.json') || files.add(file.slice(4))))
  const { model } = await checkpointIO(watched).load('r/a', { share: { rank: 9, count: 10 } })
  files = new Set()
  expect(await model.get('net.0.weight')?.range?.(1500, 100)).toEqual(new Float32Array(100).fill(1))
  expect([...files]).toEqual(['model-00002-of-00003.safetensors'])
  await model.get('net.0.weight')?.range?.(1000, 100)
  expect([...files].sort()).toEqual(['model-00001-of-00003.safetensors', 'model-00002-of-00003.safetensors'])
})

describe('a save by several ranks', () => {
  it('is refused where a rank does not reach the place, and says what is needed', async () => {
    const save = await sharedOf(checkpointIO(memoryStorage())).begin('r/a')
    const part = { save, ...partOf(contentOf(1), 1, 2) }
    const error = await refusal(sharedOf(checkpointIO(memoryStorage())).write('r/a', part))
    expect(error).toMatchObject({ code: 'LEVIN_FILES', remedy: expect.stringContaining('all ranks reach') })
    expect(error.message).toContain('Part 2 of 2')
  })

  it('has no place outside of the folder that it is called by', async () => {
    const { shared } = checkpointIO(memoryStorage())
    for (const save of ['../x', '', 'a/b-c', 'x'])
      expect((await refusal(shared?.abandon('r/a', save) as Promise<void>)).code).toBe('LEVIN_BAD_OPTION')
  })

  it('is refused if a file is not what its rank says it has written', async () => {
    for (const damage of ['cut', 'other', 'gone'] as const) {
      const storage = memoryStorage()
      await checkpointIO(storage).save('r/a', contentOf(1))
      const { save, receipts } = await writeParts(ranks(storage), 'r/a', contentOf(2))
      const other = await writeParts(ranks(storage), 'r/b', contentOf(2))
      const [from, to] = [`r/b.saving-${other.save}`, `r/a.saving-${save}`].map((at) => `${at}/${FILES[2]}`) as [
        string,
        string,
      ]
      const bytes = await storage.read(from, 0, 10_000)
      if (damage === 'gone') await storage.remove(to)
      else await storage.replace(to, [damage === 'cut' ? bytes.subarray(1) : bytes])
      const error = await refusal(sharedOf(checkpointIO(storage)).complete('r/a', contentOf(2), receipts))
      expect(error.code).toBe('LEVIN_CHECKPOINT_CORRUPT')
      expect(error.message).toContain(FILES[2])
      expect((await checkpointIO(storage).load('r/a')).facts.globalStep).toBe(1)
    }
  })

  it('names a tensor of which a part is in no file', async () => {
    const io = checkpointIO(memoryStorage())
    const shared = sharedOf(io)
    const save = await shared.begin('r/a')
    const receipts = await Promise.all(
      [0, 1].map((index) => {
        const part = partOf(contentOf(1), index, 2)
        const model = part.model.filter(({ name }) => index === 0 || name !== 'net.0.weight')
        return shared.write('r/a', { save, ...part, model })
      }),
    )
    const error = await refusal(shared.complete('r/a', contentOf(1), receipts))
    expect(error.message).toMatch(/'net\.0\.weight'.*elements 32 to 63/)
    expect(await io.exists('r/a')).toBe(false)
  })

  it('keeps a whole tensor that one rank has beside the slices, and optimizer state only where all have it', async () => {
    const io = checkpointIO(memoryStorage())
    const shared = sharedOf(io)
    const save = await shared.begin('r/a')
    const whole = record('steps', Int32Array.of(7))
    const parts = [0, 1].map((index) => ({ save, ...partOf(contentOf(1), index, 2) }))
    const [first, second] = parts as [(typeof parts)[0], (typeof parts)[0]]
    const receipts = [
      await shared.write('r/a', { ...first, model: [...first.model, whole] }),
      await shared.write('r/a', second),
    ]
    await shared.complete('r/a', contentOf(1), receipts)
    expect(await (await io.load('r/a')).model.get('steps')?.data()).toEqual(Int32Array.of(7))
    const { optimizer: _none, ...weights } = second
    const again = await shared.begin('r/a')
    const uneven = [
      await shared.write('r/a', { ...first, save: again }),
      await shared.write('r/a', { ...weights, save: again }),
    ]
    expect((await refusal(shared.complete('r/a', contentOf(1), uneven))).message).toContain('only 1 of its 2 parts')
  })
})

/** What the medium sees of a save by three ranks over another checkpoint, one of them with a fault. */
async function save(memory: Storage, faultyRank: number, at: number, fault: Parameters<typeof faulty>[2]) {
  const faults = faulty(memory, at, fault)
  const ios = [0, 1, 2].map((rank) => checkpointIO(rank === faultyRank ? faults.storage : memory))
  return { done: saveInParts(ios, 'r/a', contentOf(2)), changes: faults.changes }
}

async function changesOf(rank: number): Promise<number> {
  const memory = memoryStorage()
  await checkpointIO(memory).save('r/a', contentOf(1))
  const { done, changes } = await save(memory, rank, Number.POSITIVE_INFINITY, 'fails once')
  await done
  return changes()
}

describe.each([0, 1])('rank %i of a save', (rank) => {
  it('may fail or be killed at any moment: there is the old checkpoint or the new one, and a clean folder for the next', async () => {
    const total = await changesOf(rank)
    expect(total).toBeGreaterThan(rank === 0 ? 15 : 5)
    for (const fault of ['fails for good', 'stops'] as const) {
      const steps = new Set<number>()
      for (let at = 1; at <= total; at++) {
        const memory = Object.assign(memoryStorage(), { hasEnded: () => true })
        await checkpointIO(memory).save('r/a', contentOf(1))
        const { done, changes } = await save(memory, rank, at, fault)
        if (fault === 'stops') await vi.waitUntil(() => changes() === at, { interval: 1 })
        else await done.catch(() => undefined)
        done.catch(() => undefined)
        vi.resetModules()
        const next = (await import('../src/index.js')).checkpointIO(memory)
        const { facts, model, optimizer } = await next.load('r/a')
        steps.add(facts.globalStep)
        expect(await model.get('net.0.bias')?.data()).toEqual(Float32Array.of(facts.globalStep, -facts.globalStep))
        expect(await optimizer?.get('net.0.bias/mean')?.data()).toEqual(Float32Array.of(facts.globalStep / 2, 0))
        await next.prepare('r')
        expect(await memory.list('r')).toEqual(['a'])
        expect((await next.load('r/a')).facts.globalStep).toBe(facts.globalStep)
      }
      expect([...steps].sort()).toEqual(rank === 0 ? [1, 2] : [1])
    }
  })
})
