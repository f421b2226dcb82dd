// The compiled kernels: two builds of the same sources, chosen by what the engine accepts, and compiled once.
import { packageVersion, wasmModules } from './generated/wasm-module.js'
import { hasRelaxedSimdFlag, withRelaxedSimd } from './relaxed-simd.js'

/**
 * `relaxed-simd` multiplies and adds with one rounding and in one instruction, where the engine has relaxed SIMD: Node from
 * 20, Chrome from 114. Its last bits may differ between machines.
 */
export type SimdVariant = 'simd' | 'relaxed-simd'

export const version = packageVersion

/** What the module exports; see `assembly/` for each. Addresses and sizes are whole numbers, flags are 0 or 1. */
export type KernelExports = Record<
  | 'absComplex'
  | 'accumulate'
  | 'adamUpdate'
  | 'add'
  | 'attention'
  | 'attentionGradient'
  | 'attentionWorkspace'
  | 'averagePool'
  | 'averagePoolGradient'
  | 'batchNorm'
  | 'batchNormApply'
  | 'batchNormGradient'
  | 'batchNormInputGradient'
  | 'batchNormStatistics'
  | 'batchNormSums'
  | 'biasActivation'
  | 'binaryCrossEntropy'
  | 'binaryCrossEntropyGradient'
  | 'chooseGemm'
  | 'clip'
  | 'convolution'
  | 'convolutionFilterGradient'
  | 'convolutionInputGradient'
  | 'convolutionWorkspace'
  | 'copyBlocks'
  | 'cumulativeSum'
  | 'deinterleave'
  | 'depthwiseFilterGradient'
  | 'depthwiseInputGradient'
  | 'divide'
  | 'divideBy'
  | 'dropout'
  | 'equal'
  | 'extremum'
  | 'extremumPlace'
  | 'fill'
  | 'fillBlocks'
  | 'gather'
  | 'greater'
  | 'greaterEqual'
  | 'gru'
  | 'gruGradient'
  | 'gruWorkspace'
  | 'interleave'
  | 'layerNorm'
  | 'layerNormGradient'
  | 'logicalAnd'
  | 'logicalNot'
  | 'logicalOr'
  | 'lstm'
  | 'lstmGradient'
  | 'lstmWorkspace'
  | 'matmul'
  | 'matmulBatched'
  | 'matmulInt'
  | 'matmulWorkspace'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'maximum'
  | 'minimum'
  | 'multiply'
  | 'notEqual'
  | 'regressionLoss'
  | 'regressionLossGradient'
  | 'repeatBlocks'
  | 'rmspropUpdate'
  | 'segmentSum'
  | 'segmentSumInt'
  | 'select'
  | 'sgdUpdate'
  | 'softCrossEntropy'
  | 'softCrossEntropyGradient'
  | 'sparseCrossEntropy'
  | 'sparseCrossEntropyGradient'
  | 'squaredDifference'
  | 'squaredNorm'
  | 'subtract'
  | 'sumAxes'
  | 'transposePlane'
  | 'transposePlanes'
  | 'unary'
  | 'unaryGradient'
  | 'unaryWithSlope',
  (...values: number[]) => number
>

let chosen: SimdVariant | undefined
const compiled = new Map<SimdVariant, WebAssembly.Module>()

function generated(variant: SimdVariant): { readonly hash: string; readonly base64: string } {
  const found = wasmModules[variant]
  if (found === undefined) {
    const names = Object.keys(wasmModules).join("', '")
    throw new Error(`Expected simd to be 'auto', '${names}', found '${String(variant)}'.`)
  }
  return found
}

function moduleBytes(variant: SimdVariant): Uint8Array<ArrayBuffer> {
  const text = atob(generated(variant).base64)
  const bytes = new Uint8Array(text.length)
  // Half the time of Uint8Array.from, of which the start of a program would notice some milliseconds.
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

function isAccepted(variant: SimdVariant): boolean {
  const bytes = moduleBytes(variant)
  return withRelaxedSimd(() => WebAssembly.validate(bytes) || undefined) ?? false
}

/** The variant in use: `relaxed-simd` where the engine accepts it, `simd` elsewhere, unless `chooseSimd` said otherwise. */
export function simdVariant(): SimdVariant {
  chosen ??= isAccepted('relaxed-simd') ? 'relaxed-simd' : 'simd'
  return chosen
}

/** Fixes the variant for kernels that are bound to a backend from now on. */
export function chooseSimd(variant: SimdVariant | 'auto'): void {
  if (variant === 'auto') {
    chosen = undefined
    return
  }
  if (!isAccepted(variant)) {
    throw new Error(`This engine does not accept wasm with ${variant}; use simd: 'auto' or 'simd', or a newer engine.`)
  }
  chosen = variant
}

/** Hash of the variant in use, stable over machines and builds of the same sources. */
export function moduleHash(): string {
  return generated(simdVariant()).hash
}

/** Compiles on a thread of the engine's; afterwards `compileModule` returns at once. */
export async function precompileModule(): Promise<void> {
  const variant = simdVariant()
  if (compiled.has(variant)) return
  // A flag is held for one synchronous call. Engines that have it may compile so.
  if (hasRelaxedSimdFlag()) compileModule()
  else compiled.set(variant, await WebAssembly.compile(moduleBytes(variant)))
}

/** Compiles at once. Browsers may refuse that on the main thread, hence `prepareKernels`. */
export function compileModule(): WebAssembly.Module {
  const variant = simdVariant()
  let module = compiled.get(variant)
  if (module === undefined) {
    module = compileNow(variant)
    compiled.set(variant, module)
  }
  return module
}

function compileNow(variant: SimdVariant): WebAssembly.Module {
  const bytes = moduleBytes(variant)
  let cause: unknown
  const module = withRelaxedSimd(() => {
    try {
      return new WebAssembly.Module(bytes)
    } catch (refusal) {
      cause = refusal
      return undefined
    }
  })
  if (module !== undefined) return module
  throw new Error(
    'This thread may not compile wasm synchronously. Call `await prepareKernels()` once after `await tf.ready()`.',
    { cause },
  )
}
