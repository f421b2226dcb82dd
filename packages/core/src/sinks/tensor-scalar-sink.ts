import { cast, concat, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { ScalarSink, Slot, SlotOptions, SlotReading } from '../contracts/scalar-sink.js'
import { keep } from '../engine.js'
import { addToHostSlot, type HostSlot, hostSlot, readHostSlot, resetHostSlot, wrongSize } from './slots.js'

interface PendingWrite {
  readonly slot: HostSlot
  readonly value: Tensor
  readonly weight: number
  readonly tag: number
}

/**
 * The sink for devices whose memory is not the host's: writes keep their small tensors, a read brings them over in one
 * transfer and reduces them in double precision. Costs one kept tensor per write until the next read; an accelerator
 * with a slot-writing kernel of its own does better.
 */
export class TensorScalarSink implements ScalarSink {
  #pending: PendingWrite[] = []

  slot(options: SlotOptions): Slot {
    return hostSlot(options)
  }

  write(slot: Slot, value: Tensor | number | ArrayLike<number>, weight = 1, tag = 0): void {
    const held = slot as HostSlot
    // Numbers of the host are added at once: a slot is written either from the device or from the host.
    const tensor = typeof value === 'object' && 'dataSync' in value ? value : undefined
    if (tensor) this.#keep(held, tensor, weight, tag)
    else addToHostSlot(held, typeof value === 'number' ? [value] : (value as ArrayLike<number>), weight, tag)
  }

  #keep(slot: HostSlot, tensor: Tensor, weight: number, tag: number): void {
    if (tensor.size !== slot.size) throw wrongSize(slot, tensor)
    const flat = tidy(() => keep(cast(reshape(tensor, [tensor.size]), 'float32').clone()))
    this.#pending.push({ slot, value: flat, weight, tag })
  }

  async read(slots: readonly Slot[]): Promise<SlotReading[]> {
    await this.#drain()
    return slots.map((slot) => readHostSlot(slot as HostSlot))
  }

  reset(slots: readonly Slot[]): void {
    const gone = new Set(slots)
    this.#pending = this.#pending.filter((write) => {
      if (!gone.has(write.slot)) return true
      write.value.dispose()
      return false
    })
    for (const slot of slots) resetHostSlot(slot as HostSlot)
  }

  dispose(): void {
    for (const { value } of this.#pending) value.dispose()
    this.#pending = []
  }

  async #drain(): Promise<void> {
    const writes = this.#pending
    if (!writes.length) return
    this.#pending = []
    const all = tidy(() => concat(writes.map(({ value }) => value)))
    for (const { value } of writes) value.dispose()
    try {
      const values = await all.data<'float32'>()
      let offset = 0
      for (const { slot, weight, tag } of writes) {
        addToHostSlot(slot, values.subarray(offset, offset + slot.size), weight, tag)
        offset += slot.size
      }
    } finally {
      all.dispose()
    }
  }
}
