/**
 * `tsx tools/browser-test/src/main.ts <folder> [--development]`: opens a page in Chromium, prints what it says, and fails if something
 * went wrong on it, or if it is not ready within half a minute. The folder holds what was bundled, or with `--development` the
 * sources for Vite's own server. Skipped aloud where there is no Chromium.
 */
import { requirePart } from '@levin/real-parts'
import { launchBrowser, openPage } from './browser.js'
import { serve, serveDevelopment } from './serve.js'

const [folder, option] = process.argv.slice(2)
if (!folder) throw new Error('Say the folder: tsx tools/browser-test/src/main.ts <folder>')
if (requirePart('chromium')) {
  const server = await (option === '--development' ? serveDevelopment(folder) : serve(folder))
  const browser = await launchBrowser()
  try {
    const { console: said, errors } = await openPage(browser, server.url)
    for (const line of said.filter((line) => !line.startsWith('debug:'))) console.log(line)
    if (errors.length > 0) throw new Error(`Something went wrong on the page:\n${errors.join('\n')}`)
  } finally {
    await browser.close()
    await server.close()
  }
}
