import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LevinError } from '@levin/core'
import { type RunDefinition, runFrom } from '@levin/trainer'

/**
 * Imports a run module by path. TypeScript works on every supported Node: through tsx where Node cannot read it itself,
 * and everywhere for the syntax that type stripping leaves out.
 *
 * @throws LEVIN_RUN_MODULE if the file is not there, does not load, or exports no run
 */
export async function loadRunModule(path: string): Promise<RunDefinition> {
  const file = resolve(path)
  await access(file).catch(() => {
    throw new LevinError('LEVIN_RUN_MODULE', {
      message: `There is no run module '${path}'.`,
      remedy: `Looked for ${file}. Give the path of a file whose default export is defineRun({ … }).`,
    })
  })
  const exports = await importModule(file).catch((error: unknown) => {
    if (LevinError.isInstance(error)) throw error
    throw new LevinError('LEVIN_RUN_MODULE', {
      message: `The run module '${path}' does not load: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    })
  })
  return runFrom(exports, path)
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?tsx?$/.test(file)) {
    const { register } = await import('tsx/esm/api')
    register()
  }
  return import(pathToFileURL(file).href)
}
