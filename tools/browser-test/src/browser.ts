import { type Browser, chromium, type Page } from 'playwright-core'

/** WebGPU by a software adapter: right for correctness, meaningless for speed. */
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']

/** The same for WebGL. */
const WEBGL = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']

const GPU = { webgpu: WEBGPU, webgl: WEBGL, none: ['--disable-gpu', '--disable-software-rasterizer'] }

/** What a page finds beside the processor. */
export type Gpu = keyof typeof GPU

/** Debian's Chromium, without a window. As root it has no sandbox. */
export const launchBrowser = (gpu: Gpu = 'webgpu'): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...GPU[gpu]] })

/** A page, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page
  /** What the page and its workers wrote to the console, as `type: text`. */
  readonly console: readonly string[]
  /** Errors that nobody caught, and files that did not load. */
  readonly errors: readonly string[]
}

/**
 * Opens a page with storage of its own, and keeps what it says. Its scripts put what tests call into `globalThis.page`, and
 * the page is there when they have.
 */
export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const [console, errors]: [string[], string[]] = [[], []]
  page.on('console', (message) => console.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico'))
      errors.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(url)
  await ready(page, () => [...errors, ...console])
  return { page, console, errors }
}

/** Does what makes the page load itself again, as its user would: memory is gone, storage stays. */
export async function reloaded({ page, console, errors }: WatchedPage, action: () => Promise<unknown>): Promise<void> {
  const loaded = page.waitForEvent('load')
  // What it was called for ends with the page.
  action().catch(() => undefined)
  await loaded
  await ready(page, () => [...errors, ...console])
}

async function ready(page: Page, said: () => readonly string[]): Promise<void> {
  await page
    .waitForFunction('globalThis.page !== undefined', undefined, { timeout: 30_000 })
    .catch((cause: unknown) => {
      throw new Error(`The page is not ready. It said:\n${said().join('\n')}`, { cause })
    })
}

/** Calls a function that the page has put into `globalThis.page`, with JSON, and gives what it resolves to. */
export async function call<T>({ page, console, errors }: WatchedPage, name: string, ...args: unknown[]): Promise<T> {
  try {
    return (await page.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> }).page[name as string]?.(
          ...(args as unknown[]),
        ),
      [name, args] as const,
    )) as T
  } catch (cause) {
    throw new Error(`${name}() of the page failed: ${cause}\n${[...errors, ...console].join('\n')}`, { cause })
  }
}
