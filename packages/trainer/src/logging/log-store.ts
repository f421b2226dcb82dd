import {
  type EpochLogOptions,
  isMetricState,
  type LogValue,
  type ScalarSink,
  type Slot,
  type SlotReading,
  type StepLogOptions,
  untaped,
} from '@levin/core'
import { amongRanks } from '../run/agreement.js'
import { entrySettings, type LogDefaults, type LogEntry, requireReduction, requireSame } from './log-entry.js'
import type { Workers } from './merge-readings.js'

export interface LoggedValue {
  /** With `_step` or `_epoch` where both are logged. */
  readonly name: string
  readonly plainName: string
  readonly value: number
  readonly progressBar: boolean
  readonly logger: boolean
  /** Whether it was written since it was last read. */
  readonly fresh: boolean
}

/**
 * What one stage of a run has logged: names, how they reduce, and their slots in the accelerator's sink. Nothing is
 * read until somebody asks.
 */
export class LogStore {
  readonly #sink: ScalarSink
  readonly #entries = new Map<string, LogEntry>()
  /** Writes that each slot had when it was last read. */
  readonly #seen = new Map<Slot, number>()

  constructor(sink: ScalarSink) {
    this.#sink = sink
  }

  write(
    name: string,
    value: LogValue,
    options: StepLogOptions | EpochLogOptions,
    defaults: LogDefaults,
    samples: number,
  ): void {
    const entry = this.#entry(name, value, options, defaults)
    // Of a batch without samples a mean is NaN, and there is nothing to say; the state of a metric is one of nothing.
    if (samples === 0 && !entry.metric) return
    const data = isMetricState(value) ? value.state : value
    const weight = entry.metric || entry.reduction !== 'mean' ? 1 : (options.batchSize ?? samples)
    untaped(() => {
      if (entry.stepSlot) this.#sink.write(entry.stepSlot, data)
      if (entry.epochSlot) this.#sink.write(entry.epochSlot, data, weight)
    })
  }

  #entry(name: string, value: LogValue, options: StepLogOptions | EpochLogOptions, defaults: LogDefaults): LogEntry {
    const known = this.#entries.get(name)
    if (known) {
      requireSame(known, value, options)
      return known
    }
    requireReduction(name, options.reduction)
    const settings = entrySettings(name, value, options, defaults)
    const { metric, reduction } = settings
    const size = metric?.size ?? 1
    const epochReduction = metric?.reduction ?? (reduction === 'mean' ? 'sum' : reduction)
    const entry: LogEntry = {
      ...settings,
      stepSlot: settings.onStep ? this.#sink.slot({ reduction: 'last', size }) : undefined,
      epochSlot: settings.onEpoch ? this.#sink.slot({ reduction: epochReduction, size }) : undefined,
    }
    this.#entries.set(name, entry)
    return entry
  }

  /** Whether anything has values of single steps. */
  get hasStepValues(): boolean {
    for (const entry of this.#entries.values()) if (entry.stepSlot) return true
    return false
  }

  /** The newest values of single steps, of this worker. */
  readStep(): LoggedValue[] | Promise<LoggedValue[]> {
    const entries = [...this.#entries.values()].filter((entry) => entry.stepSlot)
    const readings = this.#sink.read(entries.map((entry) => entry.stepSlot as Slot))
    const finish = (read: SlotReading[]) =>
      entries.flatMap((entry, index) => {
        const reading = read[index] as SlotReading
        const fresh = this.#isFresh(entry.stepSlot as Slot, reading)
        return valuesOf(entry, reading, { suffix: entry.onEpoch ? '_step' : '', single: true, fresh })
      })
    return readings instanceof Promise ? readings.then(finish) : finish(readings)
  }

  /** Everything since the epoch began, over all workers: all of them get all of it. */
  async readEpoch(workers: Workers): Promise<LoggedValue[]> {
    const entries = [...this.#entries.values()].filter((entry) => entry.epochSlot)
    const local = await this.#sink.read(entries.map((entry) => entry.epochSlot as Slot))
    const named = entries.map(({ name, epochSlot }, index) => ({
      name,
      reduction: (epochSlot as Slot).reduction,
      size: (epochSlot as Slot).size,
      reading: local[index] as SlotReading,
    }))
    const valuesFrom = (readings: ReadonlyMap<string, SlotReading>) =>
      entries.flatMap((entry) => {
        const reading = readings.get(entry.name) as SlotReading
        const fresh = this.#isFresh(entry.epochSlot as Slot, reading)
        return valuesOf(entry, reading, { suffix: entry.onStep ? '_epoch' : '', single: false, fresh })
      })
    if (workers.rank.worldSize === 1) return valuesFrom(new Map(named.map(({ name, reading }) => [name, reading])))
    const { mergeReadings, withOthers } = await amongRanks()
    const own = valuesFrom(await mergeReadings(named, workers))
    // Asked by all or by none: who lacks a name cannot be known by everybody.
    return withOthers(own, await workers.gather(own))
  }

  #isFresh(slot: Slot, { writes }: SlotReading): boolean {
    const before = this.#seen.get(slot) ?? 0
    this.#seen.set(slot, writes)
    return writes !== before
  }

  /** Begins a new epoch. */
  resetEpoch(): void {
    this.#reset([...this.#entries.values()].flatMap((entry) => entry.epochSlot ?? []))
  }

  resetStep(): void {
    this.#reset([...this.#entries.values()].flatMap((entry) => entry.stepSlot ?? []))
  }

  #reset(slots: readonly Slot[]): void {
    this.#sink.reset(slots)
    for (const slot of slots) this.#seen.delete(slot)
  }
}

function valuesOf(
  entry: LogEntry,
  { values, weight, writes }: SlotReading,
  { suffix, single, fresh }: { suffix: string; single: boolean; fresh: boolean },
): LoggedValue[] {
  if (writes === 0) return []
  const { progressBar, logger } = entry
  const make = (plainName: string, value: number): LoggedValue => ({
    name: plainName + suffix,
    plainName,
    value,
    progressBar,
    logger,
    fresh,
  })
  if (entry.metric) {
    const computed = entry.metric.compute(values)
    if (typeof computed === 'number') return [make(entry.name, computed)]
    return Object.entries(computed).map(([key, value]) => make(`${entry.name}/${key}`, value))
  }
  const [value = Number.NaN] = values
  return [make(entry.name, entry.reduction === 'mean' && !single ? value / weight : value)]
}
