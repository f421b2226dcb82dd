import type { TensorInfo } from '@tensorflow/tfjs-core'
import { type KernelDefinition, sizeOf } from '../../src/kernel-definition.js'
import { definitions } from '../../src/kernel-table.js'
import type { Runtime } from '../../src/runtime.js'

/**
 * What a call of a kernel shows of it: a size that four lanes do not divide, a tensor of one number, one of none, NaN or an
 * infinity among its numbers, two that share their data. The last two say what it can show: numbers, and more than one tensor.
 */
const TRAITS = ['odd', 'one', 'zero', 'nan', 'infinity', 'alias', 'floats', 'pair'] as const

type Trait = (typeof TRAITS)[number]

/** By kernel: what its calls so far have shown. Kernels that were never called are missing. */
type Coverage = Map<string, Set<Trait>>

/**
 * Writes down what every kernel of the table is called with from now on, whoever calls it; calls that are left to the stock
 * kernel do not count.
 *
 * @returns what was seen, filled as calls come, and a function that ends it
 */
export function observeKernels(): { readonly seen: Coverage; readonly stop: () => void } {
  const seen: Coverage = new Map()
  const observed = definitions as { -readonly [K in keyof KernelDefinition]: KernelDefinition[K] }[]
  const originals = observed.map(({ compute }) => compute)
  for (const definition of observed) {
    const { name, compute } = definition
    definition.compute = (call) => {
      const inputs = Object.values(call.inputs).filter((tensor) => tensor !== undefined)
      const result = compute.call(definition, call)
      const traits = seen.get(name) ?? new Set<Trait>()
      seen.set(name, traits)
      for (const trait of traitsOf(inputs, [result].flat(), call.runtime)) traits.add(trait)
      return result
    }
  }
  return {
    seen,
    stop() {
      for (const [index, compute] of originals.entries()) (observed[index] as KernelDefinition).compute = compute
    },
  }
}

/** Booleans are never NaN, and one tensor has none to share its data with. */
const NEEDS: Partial<Record<Trait, Trait>> = { nan: 'floats', infinity: 'floats', alias: 'pair' }

/** What no call has shown of a kernel yet, and could have. */
export function missingTraits(seen: Coverage, kernel: string): Trait[] {
  const traits = seen.get(kernel) ?? new Set()
  const shown = TRAITS.slice(0, TRAITS.indexOf('floats'))
  return shown.filter((trait) => !traits.has(trait) && traits.has(NEEDS[trait] ?? trait) === trait in NEEDS)
}

// --- Internal helpers ---

/** A size that four lanes do not divide. */
const isOdd = (size: number): boolean => size > 4 && size % 4 !== 0

function traitsOf(inputs: readonly TensorInfo[], outputs: readonly TensorInfo[], runtime: Runtime): Trait[] {
  const sizes = inputs.map(({ shape }) => sizeOf(shape))
  const values = inputs.filter(({ dtype }) => dtype !== 'string').flatMap((tensor) => valuesOf(tensor, runtime))
  const shows: Record<Trait, boolean> = {
    odd: sizes.some(isOdd),
    one: sizes.includes(1),
    zero: [...sizes, ...outputs.map(({ shape }) => sizeOf(shape))].includes(0),
    nan: values.some(Number.isNaN),
    infinity: values.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY),
    floats: values.length > 0,
    pair: inputs.length > 1,
    alias: new Set(inputs.map(({ dataId }) => dataId)).size < inputs.length,
  }
  return TRAITS.filter((trait) => shows[trait])
}

/** The numbers of a floating-point tensor. Kernels that write their inputs are looked at after the call. */
function valuesOf(tensor: TensorInfo, runtime: Runtime): number[] {
  const count = sizeOf(tensor.shape) * (tensor.dtype === 'complex64' ? 2 : 1)
  const floats = tensor.dtype === 'float32' || tensor.dtype === 'complex64'
  return floats && count < 100_000 ? [...new Float32Array(runtime.heap, runtime.address(tensor), count)] : []
}
