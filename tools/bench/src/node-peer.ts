import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command } from './contender-process.js'
import { Absent } from './suite.js'

/** Contenders written in TypeScript run from their sources, as the bench does. */
export const FROM_SOURCES = ['--conditions=@levin/source', '--import', 'tsx']

export interface NodePeer {
  readonly script: URL
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The Node to run on. Default: this one. */
  readonly node?: string
}

export const nodePeer = ({ script, args, environment = {}, node = process.execPath }: NodePeer): Command => ({
  program: node,
  args: [...FROM_SOURCES, fileURLToPath(script), ...args],
  environment,
})

let found: Promise<string> | undefined

/** The path of a Node 24, which jax-js wants: this one, or npm's. */
export function node24(): Promise<string> {
  found ??= Number(process.versions.node.split('.')[0]) >= 24 ? Promise.resolve(process.execPath) : fromNpm()
  return found
}

async function fromNpm(): Promise<string> {
  const args = ['-y', '-p', 'node@24', 'node', '-p', 'process.execPath']
  try {
    const { stdout } = await promisify(execFile)('npx', args, { shell: process.platform === 'win32' })
    return stdout.trim()
  } catch {
    throw new Absent('jax-js needs Node 24, and npx could not get it.', `Run npx ${args.join(' ')}`)
  }
}
