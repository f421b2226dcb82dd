import type { Reduction, Slot, SlotOptions, SlotReading } from '../contracts/scalar-sink.js'
import { isTensor } from '../engine.js'
import { describe, LevinError } from '../errors.js'

/** A slot whose values are on the host. */
export interface HostSlot extends Slot {
  readonly values: Float64Array
  weight: number
  writes: number
  firstNonFinite: number | undefined
}

const NEUTRAL: Readonly<Record<Reduction, number>> = { sum: 0, last: Number.NaN, min: Infinity, max: -Infinity }

export function hostSlot({ reduction, size = 1 }: SlotOptions): HostSlot {
  const slot = { reduction, size, values: new Float64Array(size), weight: 0, writes: 0, firstNonFinite: undefined }
  resetHostSlot(slot)
  return slot
}

export function resetHostSlot(slot: HostSlot): void {
  slot.values.fill(NEUTRAL[slot.reduction])
  slot.weight = 0
  slot.writes = 0
  slot.firstNonFinite = undefined
}

/** Takes one write into a slot, in double precision. */
export function addToHostSlot(slot: HostSlot, values: ArrayLike<number>, weight: number, tag: number): void {
  if (values.length !== slot.size) throw wrongSize(slot, values)
  let finite = true
  for (let i = 0; i < slot.size; i++) {
    const value = values[i] as number
    if (!Number.isFinite(value)) finite = false
    slot.values[i] = combine(slot.reduction, slot.values[i] as number, value, weight)
  }
  slot.weight += weight
  slot.writes++
  if (!finite) slot.firstNonFinite ??= tag
}

function combine(reduction: Reduction, held: number, value: number, weight: number): number {
  switch (reduction) {
    case 'sum':
      return held + value * weight
    case 'last':
      return value
    // NaN has to stay visible: Math.min and Math.max carry it on.
    case 'min':
      return Math.min(held, value)
    case 'max':
      return Math.max(held, value)
  }
}

export const readHostSlot = ({ values, weight, writes, firstNonFinite }: HostSlot): SlotReading => ({
  values: values.slice(),
  weight,
  writes,
  firstNonFinite,
})

export function wrongSize(slot: Slot, values: ArrayLike<number> | { size: number }): LevinError {
  const found = 'length' in values ? values.length : values.size
  return new LevinError('LEVIN_LOG', {
    expected: `${slot.size} values for this slot`,
    found: isTensor(values) ? describe(values) : String(found),
  })
}
