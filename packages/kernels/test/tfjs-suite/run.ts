import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)

/** What became of one test; equal names are told apart by a count. */
export interface SuiteResult {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'pending'
  readonly failure: string
}

/** Bundles tfjs-core's tests, and runs them with the stock kernels and with ours, side by side. */
export async function runTfjsSuite(): Promise<{ stock: SuiteResult[]; ours: SuiteResult[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-suite-'))
  try {
    const bundle = join(folder, 'suite.cjs')
    await bundleSuite(bundle)
    const [stock, ours] = await Promise.all([runBundle(bundle, 'stock'), runBundle(bundle, 'ours')])
    return { stock, ours }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function bundleSuite(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('entry.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // The ES modules: the tests import single files of tfjs-core, and must meet the backend's tfjs-core there.
    mainFields: ['module', 'main'],
    conditions: ['@levin/source'],
    // tfjs-core calls its tests free of side effects.
    ignoreAnnotations: true,
    // tfjs-core's test helpers ask for a jasmine that the package does not depend on.
    alias: { 'jasmine-core/lib/jasmine-core/jasmine.js': require.resolve('jasmine-core/lib/jasmine-core/jasmine.js') },
    logLevel: 'error',
  })
}

async function runBundle(bundle: string, kernels: 'stock' | 'ours'): Promise<SuiteResult[]> {
  const wasmFolder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`
  const resultFile = `${bundle}.${kernels}.json`
  await promisify(execFile)(process.execPath, [bundle, kernels, wasmFolder, resultFile], { maxBuffer: 1 << 26 })
  const results: [string, SuiteResult['status'], string][] = JSON.parse(await readFile(resultFile, 'utf8'))
  const seen = new Map<string, number>()
  return results.map(([name, status, failure]) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return { name: count === 1 ? name : `${name} (${count})`, status, failure }
  })
}
