import 'fake-indexeddb/auto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkpointIO } from '../src/index.js'
import { indexedDb, indexedDbStorage } from '../src/indexeddb.js'
import { opfs, opfsStorage } from '../src/opfs.js'
import { contentOf, refusal } from './support.js'
import { memoryFileSystem } from './support-opfs.js'

afterEach(() => vi.unstubAllGlobals())

describe('the origin private file system', () => {
  it('is used where the browser has it, and says so where not', async () => {
    expect(opfs.availability?.()).toMatchObject({ ok: false, remedy: expect.stringContaining('https') })
    expect((await refusal(opfs().save('a', contentOf(1)))).code).toBe('LEVIN_UNAVAILABLE')
    const root = memoryFileSystem()
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } })
    expect(opfs.availability?.()).toEqual({ ok: true })
    await opfs().save('runs/a', contentOf(1))
    expect((await root.keys().next()).value).toBe('runs')
  })

  it('that is full ends the save with a remedy, and the old checkpoint stays', async () => {
    const root = memoryFileSystem({ quota: 8000 })
    const io = checkpointIO(opfsStorage({ root: async () => root }))
    await io.save('r/a', contentOf(1))
    let saved = 1
    const error = await refusal(
      (async () => {
        for (let step = 2; ; step++) {
          await io.save('r/a', contentOf(step))
          saved = step
        }
      })(),
    )
    expect(error).toMatchObject({ code: 'LEVIN_FILES', remedy: expect.stringContaining('persist') })
    expect((await io.load('r/a')).facts.globalStep).toBe(saved)
  })
})

describe('writers of one name in several tabs', () => {
  it('take turns by a lock of the browser', async () => {
    const names: string[] = []
    const request = async (name: string, action: () => Promise<void>) => {
      names.push(name)
      await action()
    }
    const root = memoryFileSystem()
    vi.stubGlobal('navigator', { locks: { request }, storage: { getDirectory: async () => root } })
    await opfs().save('runs/a', contentOf(1))
    expect(names).toEqual(['levin:runs/a'])
    expect(await opfs().exists('runs/a')).toBe(true)
  })
})

it('a tab that is closed at any moment of a save leaves the old checkpoint or the new one, and a clean folder to the next', async () => {
  const outcomes: number[] = []
  for (let at = 1, finished = false; !finished; at++) {
    let changes = Number.NEGATIVE_INFINITY
    const onChange = async () => void (++changes === at && (await new Promise(() => {})))
    const root = memoryFileSystem({ onChange })
    const storage = Object.assign(opfsStorage({ root: async () => root }), { hasEnded: () => true })
    const location = `r/a${at}`
    await checkpointIO(storage).save(location, contentOf(1))
    changes = 0
    const save = checkpointIO(storage).save(location, contentOf(2))
    finished = await Promise.race([
      save.then(() => true),
      vi.waitUntil(() => changes === at, { interval: 1 }).then(() => false),
    ])
    vi.resetModules()
    const next = (await import('../src/index.js')).checkpointIO(storage)
    const { globalStep } = (await next.load(location)).facts
    outcomes.push(globalStep)
    changes = Number.NEGATIVE_INFINITY
    await next.prepare('r')
    expect(await storage.list('r')).toEqual([`a${at}`])
    expect((await next.load(location)).facts.globalStep).toBe(globalStep)
  }
  expect(new Set(outcomes)).toEqual(new Set([1, 2]))
  expect(outcomes.length).toBeGreaterThan(20)
  // Once the new one is there, no later moment brings the old one back.
  expect(outcomes).toEqual(outcomes.toSorted())
})

describe('IndexedDB', () => {
  it('keeps databases apart, and checkpoints beyond one instance', async () => {
    await indexedDb({ database: 'one' }).save('a', contentOf(1))
    expect(await indexedDb({ database: 'one' }).exists('a')).toBe(true)
    expect(await indexedDb({ database: 'two' }).exists('a')).toBe(false)
    expect(() => indexedDb({ database: '' })).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
  })

  it('reads any range across its pieces', async () => {
    const storage = indexedDbStorage('ranges')
    const handle = await storage.create('file')
    for (const piece of [[0, 1, 2], [3], [4, 5, 6, 7]]) await handle.write(Uint8Array.from(piece))
    await handle.close()
    for (let start = 0; start < 10; start++) {
      for (let length = 0; length < 10; length++) {
        const expected = [0, 1, 2, 3, 4, 5, 6, 7].slice(start, start + length)
        expect([...(await storage.read('file', start, length))]).toEqual(expected)
      }
    }
  })

  it('frees the bytes of what is replaced and removed', async () => {
    const io = checkpointIO(indexedDbStorage('freed'))
    for (const step of [1, 2, 3]) await io.save('r/a', contentOf(step))
    await io.remove('r/a')
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('freed')
      request.onsuccess = () => resolve(request.result)
    })
    const count = await new Promise<number>((resolve) => {
      const request = database.transaction('chunks').objectStore('chunks').count()
      request.onsuccess = () => resolve(request.result)
    })
    expect(count).toBe(0)
  })

  it('says so where there is none', async () => {
    vi.stubGlobal('indexedDB', undefined)
    Reflect.deleteProperty(globalThis, 'indexedDB')
    expect(indexedDb.availability?.()).toMatchObject({ ok: false })
    expect((await refusal(indexedDb().load('a'))).code).toBe('LEVIN_UNAVAILABLE')
  })
})
