import { spawn } from 'node:child_process'
import type { PackageName } from '../runtime/backend.js'
import { locate } from '../runtime/locate.js'

/** What came of loading the library in a process of its own. */
export type Probe =
  | { readonly loaded: true; readonly version: string; readonly gpu: boolean; readonly said: string }
  | { readonly loaded: false; readonly said: string }

const MARK = 'levin-probe '

// In the child, so without imports: `package` is found as this process finds it.
const PROGRAM = `
const { backend } = require(process.argv[1])
const { binding, isUsingGpuDevice } = backend()
process.stdout.write('\\n${MARK}' + JSON.stringify({ version: binding.TF_Version, gpu: isUsingGpuDevice }) + '\\n')
`

export interface ProbeOptions {
  /** Milliseconds. The first start of CUDA on a machine takes many seconds. Default 60000. */
  readonly timeout?: number | undefined
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/**
 * Loads the library in a process of its own, and gives what it said: 0.4 s without a GPU. In this process it could not be
 * undone: it would take the memory of every GPU, fix which of them are seen, and end the process where it crashes.
 *
 * @param path main file of the package
 */
export async function probe(path: string, options: ProbeOptions = {}): Promise<Probe> {
  const { output, errors, ending } = await run(path, options)
  const report = output.split('\n').find((line) => line.startsWith(MARK))
  if (report === undefined) return { loaded: false, said: `${errors}\n${ending}` }
  const { version, gpu } = JSON.parse(report.slice(MARK.length)) as { version: string; gpu: boolean }
  return { loaded: true, version, gpu, said: errors }
}

function run(path: string, { timeout = 60_000, environment = process.env }: ProbeOptions) {
  // What TensorFlow would not say is what is looked for.
  const env = { ...environment, TF_CPP_MIN_LOG_LEVEL: '0', NODE_OPTIONS: '' }
  return new Promise<{ output: string; errors: string; ending: string }>((resolve) => {
    const child = spawn(process.execPath, ['-e', PROGRAM, path], { env, timeout, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { output: '', errors: '' }
    child.stdout.on('data', (chunk: Buffer) => {
      said.output += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said.errors += chunk
    })
    child.once('error', (error) => resolve({ ...said, ending: `Error: ${error.message}` }))
    child.once('close', (code, signal) => resolve({ ...said, ending: sayEnding(code, signal, timeout) }))
  })
}

function sayEnding(code: number | null, signal: NodeJS.Signals | null, timeout: number): string {
  if (signal === 'SIGTERM') return `Error: it did not load within ${timeout / 1000} s`
  return signal === null ? `it ended with exit code ${code}` : `Error: it was ended by ${signal} while it loaded`
}

/** The same of a package by its name, wherever it is. */
export async function probePackage(packageName: PackageName, options: ProbeOptions = {}): Promise<Probe> {
  const path = locate(packageName)
  return path === undefined ? { loaded: false, said: `Cannot find module '${packageName}'` } : probe(path, options)
}
