import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

export interface Program {
  /** Runs it in a process of its own, and returns the lines of JSON that it prints. */
  run(...args: readonly string[]): Promise<unknown[]>
  remove(): Promise<void>
}

/** A program of this folder in one file, put where it finds koffi and tfjs as an installed program would. */
export async function bundle(name: string): Promise<Program> {
  const folder = await mkdtemp(join(here, '../../node_modules/program-'))
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@levin/source'],
    external: ['@tensorflow/*'],
    logLevel: 'error',
  })
  return {
    async run(...args) {
      const { stdout } = await promisify(execFile)(process.execPath, [outfile, ...args])
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
      return lines.map((line) => JSON.parse(line) as unknown)
    },
    remove: () => rm(folder, { recursive: true }),
  }
}
