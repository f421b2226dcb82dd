import { type Gpu, launchBrowser } from '@levin/browser-test'
import type { Browser } from 'playwright-core'

/** Browsers by what GPU they have, each started when a test first asks for it. */
export class Browsers {
  readonly #started = new Map<Gpu, Promise<Browser>>()

  with(gpu: Gpu): Promise<Browser> {
    const browser = this.#started.get(gpu) ?? launchBrowser(gpu)
    this.#started.set(gpu, browser)
    return browser
  }

  async close(): Promise<void> {
    for (const browser of this.#started.values()) await (await browser).close()
  }
}
