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

/** The tests of tfjs-core that multiply matrices, or convolve. */
const PRODUCTS = 'matmul|matMul|conv|Conv|einsum|^dot|outerProduct|localResponse|lstm|LSTM|softmax'

interface SuiteRun {
  readonly stock: SuiteResult[]
  readonly ours: SuiteResult[]
  /** The tests that multiply matrices, with every product in a BLAS library; empty without one. */
  readonly blas: SuiteResult[]
}

/**
 * Bundles tfjs-core's tests, and runs them with the stock kernels and with ours, side by side.
 *
 * @param options.blas whether there is a BLAS library to run some with
 */
export function runTfjsSuite({ blas }: { blas: boolean }): Promise<SuiteRun> {
  return withBundle(async (bundle) => {
    const [stock, ours] = await Promise.all([runBundle(bundle, 'stock'), runBundle(bundle, 'ours')])
    return { stock, ours, blas: blas ? await runBundle(bundle, 'blas', PRODUCTS) : [] }
  })
}

/** The same tests with our kernels, on the heap as it begins and beyond its first 2 GiB. */
export function runTfjsSuiteHigh(): Promise<{ readonly low: SuiteResult[]; readonly high: SuiteResult[] }> {
  return withBundle(async (bundle) => {
    const [low, high] = await Promise.all([runBundle(bundle, 'ours'), runBundle(bundle, 'high')])
    return { low, high }
  })
}

async function withBundle<T>(use: (bundle: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-suite-'))
  try {
    const bundle = join(folder, 'suite.cjs')
    await bundleSuite(bundle)
    return await use(bundle)
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

async function runBundle(
  bundle: string,
  kernels: 'stock' | 'ours' | 'blas' | 'high',
  names = '',
): Promise<SuiteResult[]> {
  const wasmFolder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`
  const resultFile = `${bundle}.${kernels}.json`
  const program = [bundle, kernels, wasmFolder, resultFile, names]
  // The bundle lies where no package is installed, and koffi is not bundled.
  const env = { ...process.env, NODE_PATH: fileURLToPath(new URL('../../node_modules', import.meta.url)) }
  await promisify(execFile)(process.execPath, program, { maxBuffer: 1 << 26, env })
  const results: [string, SuiteResult['status'], string][] = JSON.parse(await readFile(resultFile, 'utf8'))
  const seen = new Map<string, number>()
  return results.map(([name, status, failure]) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return { name: count === 1 ? name : `${name} (${count})`, status, failure }
  })
}
