import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadModule } from '../src/index.js'
import { Regression } from './run-modules/points.js'

const main = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

export const mpiRun = fileURLToPath(new URL('./run-modules/mpi-points.ts', import.meta.url))

/** The command line as processes run it, from its sources. */
export const levin = (...args: readonly string[]): string[] => [
  process.execPath,
  '--conditions=@levin/source',
  '--import',
  import.meta.resolve('tsx'),
  main,
  ...args,
]

export const hparams = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

/** Starts a command as so many processes of Open MPI, and waits until all are gone. */
export const mpirun = (ranks: number, command: readonly string[], cwd: string) =>
  new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const flags = ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-n', String(ranks)]
    const job = spawn('mpirun.openmpi', [...flags, ...command], { cwd })
    let output = ''
    for (const stream of [job.stdout, job.stderr]) stream.on('data', (chunk) => (output += chunk))
    job.once('error', reject)
    job.once('close', (code) => resolve({ code, output }))
  })

/** Where the command line says that the last checkpoint is. */
export function checkpointIn(output: string): string {
  const found = /best checkpoint: (.*)/.exec(output)?.[1]
  if (!found) throw new Error(`No checkpoint in:\n${output}`)
  return found
}

/** The parameters in a checkpoint, by path. */
export async function weights(
  checkpoint: string | undefined,
  type: new () => Regression = Regression,
): Promise<Record<string, number[]>> {
  const module = await loadModule(type, checkpoint ?? '')
  const values = Object.fromEntries(module.parameters().map(({ path, value }) => [path, [...value.dataSync()]]))
  module.dispose()
  return values
}
