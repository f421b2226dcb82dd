import type { Schedule } from './schedules/schedule.js'
import type { TimedAction, Timeline } from './schedules/timeline.js'

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
  add(action: TimedAction['action'], ready: number, duration: number): void {
    const start = Math.max(this.#time, ready)
    this.#time = start + duration
    this.actions.push({ action, start, end: this.#time })
  }
}

/** What ranks of a pipeline have done in a window. */
export interface TracedWindow {
  readonly schedule: Schedule
  readonly timeline: Timeline
}
