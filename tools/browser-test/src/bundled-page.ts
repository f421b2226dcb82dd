import { fileURLToPath } from 'node:url'
import { type Gpu, launchBrowser, openPage, type WatchedPage } from './browser.js'
import { bundle } from './bundle.js'
import { serve } from './serve.js'

export interface BundledPage extends WatchedPage {
  close(): Promise<void>
}

/** Bundles a page, serves it, and opens it in a browser of its own: once for a file of tests. */
export async function openBundled(folder: URL, gpu?: Gpu): Promise<BundledPage> {
  const made = await bundle(fileURLToPath(folder))
  const server = await serve(made.folder)
  const browser = await launchBrowser(gpu)
  return {
    ...(await openPage(browser, server.url)),
    async close() {
      await browser.close()
      await server.close()
      made.remove()
    },
  }
}
