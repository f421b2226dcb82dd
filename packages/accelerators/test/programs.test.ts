import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const wasmFolder = join(here, '../node_modules/@tensorflow/tfjs-backend-wasm/dist/')
// Where a program finds the packages as an installed one would, and git nothing to add.
const installed = join(here, '../node_modules')
const folders: string[] = []

interface Probe {
  readonly product?: number[][]
  readonly fingerprint?: string
  readonly isMainThread?: boolean
  readonly error?: string
}

async function bundle(parent: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(parent, 'probe-'))
  folders.push(folder)
  const outfile = join(folder, `${name}.mjs`)
  // tfjs's packages for Node are CommonJS, which calls require().
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
  await build({
    entryPoints: [join(here, 'programs/probe.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@levin/source'],
    external: name === 'linked' ? ['@tensorflow/*'] : [],
    banner: { js: banner },
    logLevel: 'error',
  })
  return outfile
}

async function run(program: string, ...parameters: string[]): Promise<Probe[]> {
  // Where the tests were started through pnpm, it leads into the workspace from anywhere.
  const { NODE_PATH: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...parameters], { env })
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Probe)
}

const right = (isMainThread: boolean) => ({
  product: [
    [10, 14],
    [14, 20],
  ],
  fingerprint: expect.stringMatching(/^levin-kernels/),
  isMainThread,
})

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

describe('a program that imports the packages', () => {
  let program: string
  beforeAll(async () => {
    program = await bundle(installed, 'linked')
  })

  it('sets up the CPU on its main thread', async () => {
    expect(await run(program)).toEqual([right(true)])
  })

  it('sets it up in two worker threads at once', async () => {
    expect(await run(program, 'worker')).toEqual([right(false), right(false)])
  })
})

describe('a program that was bundled into one file', () => {
  it('finds the wasm files where the package is installed', async () => {
    const program = await bundle(installed, 'bundled')
    expect(await run(program)).toEqual([right(true)])
    expect(await run(program, 'worker')).toEqual([right(false), right(false)])
  })

  it('takes them from wasmPaths where nothing is installed, and says so without', async () => {
    const program = await bundle(tmpdir(), 'bundled')
    expect(await run(program, 'main', wasmFolder)).toEqual([right(true)])
    expect(await run(program)).toEqual([{ error: expect.stringContaining('wasmPaths') }])
  })
})
