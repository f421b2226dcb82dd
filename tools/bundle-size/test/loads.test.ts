// What `pages.ts` says that pages ask for is what they ask for, from their beginning to the end of their run.
import { fileURLToPath } from 'node:url'
import { type Bundle, bundle, call, launchBrowser, openPage, type PageServer, serve } from '@levin/browser-test'
import { requirePart } from '@levin/real-parts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleEntry, type Chunk, loadedWith } from '../src/bundle-entries.js'
import { PAGES } from '../src/pages.js'

/** `assets/here-Dk3x.js`: the chunk `here`. */
const nameOf = (url: string): string => new URL(url).pathname.replace(/^\/assets\/(.+)-[\w-]{8}\.js$/, '$1')

describe.runIf(requirePart('chromium'))('in a browser', () => {
  let [made, browser, server]: [Bundle?, Browser?, PageServer?] = []
  beforeAll(async () => {
    made = await bundle(fileURLToPath(new URL('./page/', import.meta.url)))
    server = await serve(made.folder)
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    made?.remove()
  })

  test.each(PAGES)('$what, and asks for no more than is counted', async ({ entry, asksFor }) => {
    const chunks = await bundleEntry(entry)
    const namesOf = (files: readonly Chunk[]) => files.filter(({ isAskedFor }) => isAskedFor).map(({ name }) => name)
    const known = new Set(namesOf(chunks))
    const counted = loadedWith(chunks, asksFor)
    const asked = new Set<string>()
    const page = await openPage(browser as Browser, (server as PageServer).url)
    page.page.on('request', (request) => asked.add(nameOf(request.url())))
    const outcome = await call<string>(page, 'run', entry)
    // The worker of the page that has one is not part of it.
    if (entry !== 'controlling') expect(outcome).toBe('completed')
    const expected = namesOf(chunks.filter(({ file }) => counted.includes(file)))
    expect([...asked].filter((name) => known.has(name)).sort()).toEqual(expected.sort())
  })

  test('a page that saves asks for nothing after its first step', async () => {
    const page = await openPage(browser as Browser, (server as PageServer).url)
    const { saved, late } = await call<{ saved?: string; late: string[] }>(page, 'lateFiles')
    expect(saved).toBeDefined()
    expect(late).toEqual([])
  })
})

test('a chunk that is not there is said, and not left out of the count', async () => {
  const chunks = await bundleEntry('controlling')
  expect(() => loadedWith(chunks, ['nonsense'])).toThrow("No chunk is called 'nonsense'")
  const [atOnce, more] = [loadedWith(chunks), loadedWith(chunks, ['run-in-workers'])]
  expect(more).toEqual(expect.arrayContaining([...atOnce, 'run-in-workers.js']))
})
