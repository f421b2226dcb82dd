// A page that is closed in the middle of a training, and what of it is there afterwards.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWeights } from '@levin/checkpoints/node'
import type { FitResult, RunEvent } from '@levin/trainer'
import { describe, expect, test } from 'vitest'
import { call, reloaded, type WatchedPage } from '../src/index.js'
import { hasBrowser, usePage } from './support.js'

interface Trained {
  readonly result: FitResult
  readonly events: readonly RunEvent[]
}

const digests = (page: WatchedPage, { lastCheckpoint }: FitResult, storage: string) =>
  call<Record<string, string>>(page, 'digests', lastCheckpoint, storage)

describe.runIf(hasBrowser)('a training whose page is loaded again', () => {
  const pages = usePage('workers')

  test.each([
    ['opfs', 1],
    ['indexeddb', 1],
    ['opfs', 2],
  ])('goes on from its last checkpoint in %s, bit for bit, with %i workers', async (storage, devices) => {
    const page = await pages.open()
    const request = { storage, devices, hparams: { maxEpochs: 60, saveEvery: 40 } }
    const straight = await call<Trained>(page, 'train', { ...request, rootDir: 'straight' })
    expect(straight.result.status).toBe('completed')

    await reloaded(page, () => call(page, 'train', { ...request, rootDir: 'torn', reloadAt: 200 }))
    const resumed = await call<Trained>(page, 'train', { ...request, rootDir: 'torn', ckptPath: 'last' })
    const [first] = resumed.events.flatMap((event) => (event.type === 'progress' ? [event.clock.globalStep] : []))
    // That of step 200 was whole, but perhaps not yet the one that 'last' points to.
    expect(first).toBeGreaterThanOrEqual(160)
    expect(first).toBeLessThan(straight.result.clock.globalStep)
    expect(resumed.result.clock).toEqual(straight.result.clock)
    expect(await digests(page, resumed.result, storage)).toEqual(await digests(page, straight.result, storage))
    // Of the same seed, but another checkpoint: that digests can differ.
    const other = straight.events.find((event) => event.type === 'checkpoint')?.location
    expect(await call(page, 'digests', other, storage)).not.toEqual(await digests(page, straight.result, storage))
  })
})

describe.runIf(hasBrowser)('a download of weights', () => {
  const pages = usePage('workers')

  test('is a file that Node reads, with the same values', async () => {
    const page = await pages.open()
    const { result } = await call<Trained>(page, 'train', { hparams: { maxEpochs: 1 } })
    const [download] = await Promise.all([
      page.page.waitForEvent('download'),
      call(page, 'download', result.lastCheckpoint),
    ])
    expect(download.suggestedFilename()).toBe('spirals.safetensors')
    const folder = await mkdtemp(join(tmpdir(), 'levin-download-'))
    try {
      const file = join(folder, 'spirals.safetensors')
      await download.saveAs(file)
      const weights = await readWeights(file)
      expect(weights.get('net.0.weight')?.shape).toEqual([2, 64])
      expect(await sha256(weights)).toEqual(await digests(page, result, 'opfs'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

async function sha256(weights: Awaited<ReturnType<typeof readWeights>>): Promise<Record<string, string>> {
  const { createHash } = await import('node:crypto')
  const entries = [...weights].map(async ([name, record]) => {
    const { buffer, byteOffset, byteLength } = await record.data()
    return [
      name,
      createHash('sha256')
        .update(new Uint8Array(buffer, byteOffset, byteLength))
        .digest('hex'),
    ] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
