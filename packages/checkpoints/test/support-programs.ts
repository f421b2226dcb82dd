import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Builds a program of `programs/` before the tests of the file; gives its path then. */
export function builtProgram(name: string): () => string {
  let folder: string
  let program: string
  beforeAll(async () => {
    folder = await mkdtemp(join(here, '../node_modules/program-'))
    program = join(folder, `${name}.mjs`)
    await build({
      entryPoints: [join(here, `programs/${name}.ts`)],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@levin/source'],
      external: ['@tensorflow/*', 'vitest'],
      logLevel: 'error',
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return () => program
}
