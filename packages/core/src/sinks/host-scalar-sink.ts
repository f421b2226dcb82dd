import type { Tensor } from '@tensorflow/tfjs-core'
import type { ScalarSink, Slot, SlotOptions, SlotReading } from '../contracts/scalar-sink.js'
import { addToHostSlot, type HostSlot, hostSlot, readHostSlot, resetHostSlot } from './slots.js'

/** The sink where tensors live in the host's memory: a write is a load and an addition, a read is a copy. */
export class HostScalarSink implements ScalarSink {
  slot(options: SlotOptions): Slot {
    return hostSlot(options)
  }

  write(slot: Slot, value: Tensor | number | ArrayLike<number>, weight = 1, tag = 0): void {
    addToHostSlot(slot as HostSlot, onHost(value), weight, tag)
  }

  read(slots: readonly Slot[]): SlotReading[] {
    return slots.map((slot) => readHostSlot(slot as HostSlot))
  }

  reset(slots: readonly Slot[]): void {
    for (const slot of slots) resetHostSlot(slot as HostSlot)
  }

  dispose(): void {}
}

function onHost(value: Tensor | number | ArrayLike<number>): ArrayLike<number> {
  if (typeof value === 'number') return [value]
  return 'dataSync' in value ? value.dataSync() : value
}
