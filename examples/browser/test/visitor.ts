import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'

const WAIT = 45_000

/** Somebody who looks at a page: presses buttons, reads what is written. */
export class Visitor {
  readonly page: Page
  readonly errors: string[] = []
  readonly #context: BrowserContext

  private constructor(page: Page, context: BrowserContext) {
    this.page = page
    this.#context = context
    page.on('pageerror', (error) => this.errors.push(String(error)))
  }

  static async open(browser: Browser, url: string): Promise<Visitor> {
    const context = await browser.newContext()
    const visitor = new Visitor(await context.newPage(), context)
    await visitor.page.goto(url)
    await visitor.#ready()
    return visitor
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.#ready()
  }

  async #ready(): Promise<void> {
    await this.page.waitForSelector('html[data-ready="true"]', { state: 'attached', timeout: WAIT })
  }

  async close(): Promise<void> {
    await this.#context.close()
  }

  press(id: 'train' | 'reset' | 'lose'): Promise<void> {
    return this.page.click(`#${id}`)
  }

  /**
   * Presses a button as soon as so many updates are done. Within the page: by the time that a test has heard of an update, a busy
   * machine may have done all that come after it.
   */
  async pressesAt(id: 'train' | 'lose', update: number): Promise<void> {
    await this.page.evaluate(
      ([id, update]) => {
        const isDue = () => Number(document.querySelector('[data-figure="update"]')?.textContent ?? 0) >= update
        const watch = new MutationObserver(() => {
          if (!isDue()) return
          watch.disconnect()
          document.getElementById(id)?.click()
        })
        watch.observe(document.body, { subtree: true, childList: true, characterData: true })
      },
      [id, update] as const,
    )
  }

  async chooses(id: 'accelerator' | 'workers', value: string): Promise<void> {
    await this.page.selectOption(`#${id}`, value)
  }

  /** Waits until the training is in that state, or has failed. */
  async sees(state: string): Promise<void> {
    await this.#until((wanted) => document.documentElement.dataset['state'] === wanted, state)
  }

  /** Waits until the page says something like that. */
  async reads(wanted: RegExp): Promise<void> {
    const text = `${wanted}.test(document.querySelector('#message').textContent)`
    await this.#until(`() => ${text}`, `${wanted}`)
  }

  get message(): Promise<string> {
    return this.page.textContent('#message').then((text) => text ?? '')
  }

  /** The accelerators that can be chosen, the one that is chosen first. */
  get offered(): Promise<string[]> {
    return this.page
      .locator('#accelerator option')
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value))
  }

  figure(name: string): Promise<string | null> {
    return this.page.textContent(`[data-figure="${name}"]`)
  }

  /** Waits until so many updates are done. */
  async reaches(update: number): Promise<void> {
    await this.#until(
      (least) => Number(document.querySelector('[data-figure="update"]')?.textContent ?? 0) >= least,
      update,
    )
  }

  /** Waits for something on the page, and gives up when it says that something is wrong. */
  async #until<T extends string | number>(condition: string | ((value: T) => boolean), value: T): Promise<void> {
    const text = `(value) => (${condition})(value) || document.documentElement.dataset.failed !== undefined`
    const failed = () => this.page.getAttribute('html', 'data-failed')
    await this.page
      .waitForFunction(`(${text})(${JSON.stringify(value)})`, undefined, { timeout: WAIT })
      .catch(async (cause) => {
        throw new Error(
          `It did not come to ${value}. The page says: ${await this.message}\n${this.errors.join('\n')}`,
          { cause },
        )
      })
    const failure = await failed()
    if (failure) throw new Error(`The training failed: ${failure}`)
  }

  /** SHA-256 of the newest checkpoint's weights, in the browser's own files. */
  async weights(session: string): Promise<string> {
    const digest = await this.page.evaluate(async (key) => {
      const { checkpoint } = JSON.parse(localStorage.getItem(key) ?? '{}') as { checkpoint: string }
      let folder = await navigator.storage.getDirectory()
      for (const name of checkpoint.split('/').filter(Boolean)) folder = await folder.getDirectoryHandle(name)
      const file = await (await folder.getFileHandle('model.safetensors')).getFile()
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
      return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    }, session)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    return digest
  }
}
