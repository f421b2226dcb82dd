import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const tsx = import.meta.resolve('tsx')

export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** The command line as a user starts it, in a folder of its own. */
export async function inEmptyFolder<T>(
  body: (
    levin: (...args: string[]) => Promise<Finished>,
    folder: string,
    start: (...args: string[]) => ChildProcess,
  ) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'levin-cli-'))
  const start = (...args: string[]) =>
    spawn(process.execPath, ['--conditions=@levin/source', '--import', tsx, main, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  try {
    return await body((...args) => finished(start(...args)), folder, start)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function finished(child: ChildProcess): Promise<Finished> {
  let output = ''
  let errors = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  return new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('close', (code) => settle({ code, output, errors }))
  })
}
