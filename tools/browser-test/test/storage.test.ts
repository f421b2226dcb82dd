// Checkpoints in a real browser's storages, on the page's own thread and in workers.
import { describe, expect, test } from 'vitest'
import { call } from '../src/index.js'
import { hasBrowser, usePage } from './support.js'

const places = [
  ['opfs', 'page'],
  ['opfs', 'worker'],
  ['indexeddb', 'page'],
  ['indexeddb', 'worker'],
] as const

describe.runIf(hasBrowser)('checkpoints', () => {
  const pages = usePage('storage')

  test.each(places)('in %s, from a %s: all that the Trainer relies on', async (storage, thread) => {
    const page = await pages.open()
    const outcomes = await call<[string, string | null][]>(page, thread, 'conformance', storage)
    expect(outcomes.length).toBeGreaterThan(12)
    expect(outcomes.filter(([, error]) => error)).toEqual([])
    expect(page.errors).toEqual([])
  })

  test.each(places)('in %s, from a %s: a file that is cut short is refused, and named', async (storage, thread) => {
    const errors = await call<Record<string, string>>(await pages.open(), thread, 'cutShort', storage)
    expect(Object.keys(errors)).toHaveLength(9)
    for (const [cut, error] of Object.entries(errors))
      expect(error).toBe(`LEVIN_CHECKPOINT_CORRUPT ${cut.split(' ')[0]}`)
  })
})
