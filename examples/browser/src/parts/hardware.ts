import { webgl } from '@levin/accelerator-webgl'
import { webgpu } from '@levin/accelerator-webgpu'
import { cpu } from '@levin/accelerators'
import { type Availability, availabilityOf } from '@levin/core'

/** The best first. */
const ACCELERATORS = { webgpu, webgl, cpu }

export type AcceleratorName = keyof typeof ACCELERATORS

export const LABELS: Readonly<Record<AcceleratorName, string>> = {
  webgpu: 'WebGPU',
  webgl: 'WebGL',
  cpu: 'WebAssembly',
}

const NAMES = Object.keys(ACCELERATORS) as AcceleratorName[]

/** What a training may run on here. */
export interface Hardware {
  /** The first is the best. */
  readonly names: readonly AcceleratorName[]
  /** What it runs on if nobody chooses, and why not on something better. */
  readonly message: string
}

export async function findHardware(): Promise<Hardware> {
  const found = await Promise.all(NAMES.map(async (name) => [name, await availabilityOf(ACCELERATORS[name])] as const))
  return rankHardware(Object.fromEntries(found) as Record<AcceleratorName, Availability>)
}

/** A GPU that the processor plays is slower than the processor by itself: it may be chosen, and stands last. */
export function rankHardware(found: Readonly<Record<AcceleratorName, Availability>>): Hardware {
  const usable = NAMES.filter((name) => found[name].ok)
  const names = [
    ...usable.filter((name) => !objectionTo(found[name])),
    ...usable.filter((name) => objectionTo(found[name])),
  ]
  const [best] = names
  if (best === undefined) throw new Error('Nothing trains here, not even WebAssembly.')
  const better = NAMES.slice(0, NAMES.indexOf(best))
  const reasons = better.map((name) => `not on ${LABELS[name]} (${objectionTo(found[name])})`)
  const remedies = better.map((name) => found[name]).flatMap((each) => (each.ok ? [] : each.remedy))
  const message =
    better.length === 0
      ? `Ready: trains on the GPU of this device, by ${LABELS[best]}.`
      : [`Trains on ${LABELS[best]}: ${reasons.join(', ')}.`, ...remedies.slice(0, 1)].join(' ')
  return { names, message }
}

function objectionTo(availability: Availability): string | undefined {
  if (!availability.ok) return availability.reason.replace(/\.$/, '')
  return availability.automatic === false ? 'the processor plays the GPU here' : undefined
}

/** Several workers share memory, which browsers allow on isolated pages only. */
export const mostWorkers = (): number =>
  globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency ?? 1) : 1
