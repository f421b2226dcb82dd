/** Where a schedule stands. `step`: updates so far; `epoch`: epochs that ended. */
export interface ScheduleTime {
  readonly step: number
  readonly epoch: number
}

/**
 * A learning-rate schedule as a serialisable value: a pure function of time, so that a resumed run needs no state for
 * it. `factor(t)` multiplies each group's base learning rate; `t` counts the configured interval.
 */
export interface PureSchedule {
  readonly kind: 'pure'
  readonly name: string
  /** JSON: what the schedule was made of. */
  readonly options: Readonly<Record<string, unknown>>
  /** The interval it is meant for. Default `'epoch'`. */
  readonly interval?: 'step' | 'epoch'
  factor(t: number): number
}

/** A schedule that answers to a metric, such as reduce-on-plateau. Its state is JSON and goes into checkpoints. */
export interface FeedbackSchedule {
  readonly kind: 'feedback'
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
  readonly interval?: 'step' | 'epoch'
  initialState(): FeedbackState
  /** The state after a new value of the metric. Pure. */
  observe(state: FeedbackState, metric: number): FeedbackState
}

export interface FeedbackState {
  /** Factor on the base learning rate now in force. */
  readonly factor: number
  readonly [key: string]: unknown
}

export type Schedule = PureSchedule | FeedbackSchedule
