import {
  getKernelsForBackend,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import type { KernelDefinition } from './kernel-definition.js'
import { definitions } from './kernel-table.js'
import { chooseSimd, precompileModule, type SimdVariant } from './module.js'
import { watchKernel } from './running-kernel.js'
import { releaseRuntime, runtimeOf } from './runtime.js'
import { asWasmBackend, backendName, findWasmBackend, prepareBackend } from './wasm-backend.js'

export interface RegisterKernelsOptions {
  /** Names of the kernels to register, as in `kernelTable`; earlier ones stay. Default is all of them. */
  readonly only?: readonly string[]
  /**
   * The build to use: `auto` takes relaxed SIMD where the engine has it. Fix it where results must be the same to the
   * last bit on engines of different age. Default is `auto`, or what an earlier call chose.
   */
  readonly simd?: SimdVariant | 'auto'
}

/** What was registered under each name before; `undefined` where the stock backend has nothing. */
const originals = new Map<string, KernelConfig | undefined>()
/** Names of the kernels that are ours; the others are the stock ones, under watch. */
const ours = new Set<string>()

/**
 * Registers the kernels over the stock ones of tfjs's wasm backend, whose package must have been imported before. May be
 * called before or after the backend is initialised, and any number of times. The other kernels stay what they are, and are
 * watched: one that finds no memory is named in the error, and gives back what it had taken.
 *
 * @returns the names of the kernels that are now ours
 */
export function registerKernels(options: RegisterKernelsOptions = {}): readonly string[] {
  const stock = new Map(getKernelsForBackend(backendName).map((config) => [config.kernelName, config]))
  if (stock.size === 0) {
    throw new Error(
      "The wasm backend is not there yet: import '@tensorflow/tfjs-backend-wasm' before registering kernels.",
    )
  }
  const chosen = selectDefinitions(options.only)
  const backend = findWasmBackend()
  if (backend !== null) prepareBackend(backend)
  if (options.simd !== undefined) {
    chooseSimd(options.simd)
    if (backend !== null) releaseRuntime(backend)
  }
  for (const definition of chosen) {
    const { name } = definition
    if (ours.has(name)) continue
    ours.add(name)
    const original = originals.has(name) ? originals.get(name) : stock.get(name)
    replace(name, original, configFor(definition, original))
  }
  for (const [name, config] of stock) if (!originals.has(name)) replace(name, config, watched(config))
  return [...ours]
}

/** Puts the stock kernels back, and removes those that tfjs has not. Tensors are not affected. */
export function restoreKernels(): void {
  for (const [name, original] of originals) {
    unregisterKernel(name, backendName)
    if (original !== undefined) registerKernel(original)
  }
  originals.clear()
  ours.clear()
}

/**
 * Compiles the kernels asynchronously and binds them to the wasm backend, so that the first step does not wait for it.
 * Needed only where a thread may not compile wasm synchronously (the main thread of some browsers); harmless elsewhere.
 *
 * @param backend Default is the wasm backend, which must be initialised (`await tf.setBackend('wasm')`).
 */
export async function prepareKernels(backend: unknown = findWasmBackend()): Promise<void> {
  const target = asWasmBackend(backend)
  await precompileModule()
  runtimeOf(target)
}

function selectDefinitions(only: readonly string[] | undefined): readonly KernelDefinition[] {
  if (only === undefined) return definitions
  const unknown = only.filter((name) => !definitions.some((definition) => definition.name === name))
  if (unknown.length > 0) {
    const known = definitions.map(({ name }) => name).join(', ')
    throw new Error(`Expected names of kernels of this package (${known}), found ${unknown.join(', ')}.`)
  }
  return definitions.filter(({ name }) => only.includes(name))
}

function replace(name: string, original: KernelConfig | undefined, config: KernelConfig): void {
  // tfjs warns of a kernel that is registered twice.
  if (original !== undefined) unregisterKernel(name, backendName)
  originals.set(name, original)
  registerKernel(config)
}

function configFor(definition: KernelDefinition, previous: KernelConfig | undefined): KernelConfig {
  const stock: KernelFunc | undefined = previous?.kernelFunc
  return watched({
    kernelName: definition.name,
    backendName,
    // The stock kernel is set up too: some cases are handed to it, and it may be put back.
    setupFunc(backend) {
      previous?.setupFunc?.(backend)
    },
    disposeFunc(backend) {
      previous?.disposeFunc?.(backend)
    },
    kernelFunc(call) {
      const { inputs, backend, attrs } = call
      if (stock !== undefined && definition.handles?.(inputs, attrs) === false) return stock(call)
      return definition.compute({ runtime: runtimeOf(asWasmBackend(backend)), inputs, attrs: attrs ?? {}, stock })
    },
  })
}

/** Every kernel is set up with the backend: the first of them prepares it, before there are tensors. */
function watched(config: KernelConfig): KernelConfig {
  return {
    ...config,
    setupFunc(backend) {
      prepareBackend(asWasmBackend(backend))
      config.setupFunc?.(backend)
    },
    kernelFunc: watchKernel(config.kernelName, config.kernelFunc, giveBack),
  }
}

/** What a kernel had taken when it threw is given back, and what it threw is explained. */
function giveBack(backend: unknown, dataIds: readonly object[], error: unknown): unknown {
  const { heap, drop } = prepareBackend(asWasmBackend(backend))
  const explained = heap.explain(error)
  for (const dataId of dataIds) drop(dataId)
  return explained
}
