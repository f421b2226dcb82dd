import { fileURLToPath } from 'node:url'
import { requirePart } from '@levin/real-parts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import {
  type Bundle,
  bundle,
  launchBrowser,
  openPage,
  type ServeOptions,
  serve,
  type WatchedPage,
} from '../src/index.js'

export const hasBrowser = requirePart('chromium')

/** A page of `test/pages`, bundled once for a file of tests. */
export interface TestPage {
  /** Opens it with storage of its own. */
  open(options?: ServeOptions): Promise<WatchedPage>
  readonly bundle: Bundle
}

/** Bundles a page before the tests of a file, and puts everything away after them. */
export function usePage(name: string): TestPage {
  let [made, browser]: [Bundle | undefined, Browser | undefined] = [undefined, undefined]
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    made = await bundle(fileURLToPath(new URL(`./pages/${name}/`, import.meta.url)))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    for (const close of closing) await close()
    made?.remove()
  })
  return {
    async open(options) {
      if (!made || !browser) throw new Error('The page is opened before it is there.')
      const server = await serve(made.folder, options)
      closing.push(server.close)
      return openPage(browser, server.url)
    },
    get bundle() {
      return made as Bundle
    },
  }
}
