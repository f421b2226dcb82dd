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
