import type { PipelineAction, StageTimes } from './schedules/schedule.js'
import type { TimedAction } from './schedules/timeline.js'

/**
 * When a rank did what in a window, on a clock that stands still while it waits for other work of its machine: an action begins when
 * the rank and what it needs are ready, and lasts as long as it was computed. Ranks that share processors are traced as if each had
 * its own. Milliseconds.
 */
export class Trace {
  readonly actions: TimedAction[] = []
  #time = 0

  /** When the last action ended. */
  get time(): number {
    return this.#time
  }

  /** @param ready when what the action needs was there */
  add(action: PipelineAction, ready: number, duration: number): void {
    const start = Math.max(this.#time, ready)
    this.#time = start + duration
    this.actions.push({ action, start, end: this.#time })
  }
}

/**
 * How long actions of one rank take by themselves: the lower tenth of those of a kind, in each of its parts of the model. What else the
 * machine does makes some of them longer, and none shorter.
 */
export class OwnDurations {
  readonly #durations = new Map<string, number[]>()

  add({ actions }: Trace): void {
    for (const { action, start, end } of actions) {
      const key = keyOf(action)
      this.#durations.set(key, [...(this.#durations.get(key) ?? []), end - start])
    }
  }

  /** By part of the model. A backward that is not done in halves is a first half without a second. */
  byPart(chunks: number): readonly StageTimes[] {
    const lower = (kind: PipelineAction['kind'], chunk: number): number => {
      const values = this.#durations.get(keyOf({ kind, chunk })) ?? []
      return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] ?? 0
    }
    return Array.from({ length: chunks }, (_, chunk) => ({
      forward: lower('forward', chunk),
      backwardInput: lower('backward', chunk) || lower('backwardInput', chunk),
      backwardWeight: lower('backwardWeight', chunk),
    }))
  }
}

const keyOf = ({ kind, chunk }: Pick<PipelineAction, 'kind' | 'chunk'>): string => `${kind} ${chunk}`
