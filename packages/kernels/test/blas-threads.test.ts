import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requirePart } from '@levin/real-parts'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
let folder: string
let program: string

/** Bundled to where it finds koffi and tfjs as an installed program would. */
async function bundle(): Promise<void> {
  folder = await mkdtemp(join(here, '../node_modules/program-'))
  program = join(folder, 'blas-threads.mjs')
  await build({
    entryPoints: [join(here, 'programs/blas-threads.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@levin/source'],
    external: ['@tensorflow/*'],
    logLevel: 'error',
  })
}

async function run(workers: number, threads: number): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, `${workers}`, `${threads}`])
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as unknown)
}

describe.runIf(requirePart('openblas'))('a program that was bundled into one file', () => {
  beforeAll(bundle)
  afterAll(() => rm(folder, { recursive: true }))

  const right = (threads: string, isMainThread: boolean) => ({
    ok: true,
    fingerprint: expect.stringContaining(`/${threads}/`),
    wrong: 0,
    isMainThread,
  })

  it('finds the library on its main thread', async () => {
    expect(await run(0, 1)).toEqual([right('1-thread', true)])
  })

  it.each([
    [1, '1-thread'],
    [2, '2-threads'],
  ])('multiplies right in two worker threads at once, with %i threads each', async (threads, name) => {
    expect(await run(2, threads)).toEqual([right(name, false), right(name, false)])
  })
})
