import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { LevinError } from '@levin/core'
import { findBackend, getBackend, setBackend } from '@tensorflow/tfjs-core'
import { diagnoseFailure } from '../diagnosis/diagnose.js'
import { registerKernels } from '../kernels/register-kernels.js'
import { BACKEND, type PackageName, type TensorFlowBackend } from './backend.js'
import { locate } from './locate.js'
import { restoreUtilFunctions } from './util-functions.js'
import { type Variables, withEnvironment } from './with-environment.js'

/** Imports the package, where it cannot be found by its name. */
export type ImportLibrary = () => Promise<unknown>

export interface StartOptions {
  /** Of the accelerator, for its errors. */
  readonly name: string
  readonly packageName: PackageName
  readonly lib?: ImportLibrary | undefined
  /** What TensorFlow reads from the environment while it starts. */
  readonly environment: Variables
}

/**
 * Makes TensorFlow's backend the current one of tfjs, with the package loaded where it is not yet. Cheap afterwards.
 *
 * @throws LEVIN_UNAVAILABLE with what is wrong with the installation
 * @throws LEVIN_NOT_SUPPORTED in a worker thread, or where the other of the two packages is loaded in this process
 */
export async function startTensorFlow(options: StartOptions): Promise<TensorFlowBackend> {
  if (!isMainThread) throw inWorkerThread(options.name)
  restoreUtilFunctions()
  if (loadedBackend() === undefined) await load(options)
  const backend = loadedBackend()
  if (backend === undefined || !(await setBackend(BACKEND))) throw unavailable(options.name, notRegistered(options))
  if (backend.isGPUPackage !== (options.packageName === '@tensorflow/tfjs-node-gpu'))
    throw otherPackage(options, backend)
  registerKernels(backend)
  return backend
}

/** The backend, where a package has been loaded; by us or by the program itself. */
export function loadedBackend(): TensorFlowBackend | undefined {
  return (findBackend(BACKEND) as TensorFlowBackend | null) ?? undefined
}

async function load({ name, packageName, lib, environment }: StartOptions): Promise<void> {
  const before = getBackend()
  try {
    await withEnvironment({ ...quiet(), ...environment }, lib ?? (() => requirePackage(packageName)))
  } catch (cause) {
    // A package that fails half-way has not touched the backend; one that fails later has.
    if (before && getBackend() !== before) await setBackend(before)
    const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    const { reason, remedy } = diagnoseFailure(`${said}\n`, packageName)
    throw unavailable(name, { reason, remedy, cause })
  }
}

// Warnings and errors only: the rest tells about instructions that a rebuilt library could use.
const quiet = () => ({ TF_CPP_MIN_LOG_LEVEL: process.env['TF_CPP_MIN_LOG_LEVEL'] ?? '1' })

function requirePackage(packageName: PackageName): unknown {
  const path = locate(packageName)
  if (path === undefined) throw new Error(`Cannot find module '${packageName}'`)
  // As CommonJS, which it is: the copy of tfjs-core that it registers itself with is the one that Node gives to everybody.
  return createRequire(import.meta.url)(path)
}

export function unavailable(
  name: string,
  { reason, remedy, cause }: { reason: string; remedy: string; cause?: unknown },
): LevinError {
  const message = `The accelerator '${name}' cannot run here: ${reason}`
  return new LevinError('LEVIN_UNAVAILABLE', { message, remedy, cause })
}

const notRegistered = ({ packageName, lib }: StartOptions) => ({
  reason: `${lib ? 'what the option lib imports' : packageName} has registered no backend '${BACKEND}' with the @tensorflow/tfjs-core of this program.`,
  remedy:
    `Have one version of @tensorflow/tfjs-core: npm ls @tensorflow/tfjs-core. ${lib ? `lib: () => import('${packageName}')` : ''}`.trim(),
})

function otherPackage({ name, packageName }: StartOptions, { isGPUPackage }: TensorFlowBackend): LevinError {
  const loaded: PackageName = isGPUPackage ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The accelerator '${name}' needs ${packageName}, and ${loaded} is loaded in this process, which can hold one library of TensorFlow.`,
    remedy: 'Use one of the two accelerators per process, and import neither package yourself.',
  })
}

const inWorkerThread = (name: string): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The accelerator '${name}' does not work in worker threads: the library of TensorFlow belongs to a process.`,
    remedy: "Use launcher: 'process', or run it on the main thread.",
  })
