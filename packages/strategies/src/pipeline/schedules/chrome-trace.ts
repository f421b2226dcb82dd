import type { TracedAction } from './trace.js'

/** One line of Chrome's trace-event format, as far as it is written here. */
export interface TraceEvent {
  readonly name: string
  readonly ph: 'X' | 'M'
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts?: number
  readonly dur?: number
  readonly cat?: string
  readonly args: Readonly<Record<string, string | number>>
}

export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[]
  readonly displayTimeUnit: 'ms'
}

export interface ChromeTraceOptions {
  /** Shown above the ranks. Default `'pipeline'`. */
  readonly name?: string
  /** Milliseconds of a unit of the trace. Default 1: times are milliseconds. */
  readonly milliseconds?: number
}

const WORDS = {
  forward: 'forward',
  backward: 'backward',
  backwardInput: 'backward, inputs',
  backwardWeight: 'backward, parameters',
} as const

/**
 * A trace in Chrome's trace-event format, which `chrome://tracing` and https://ui.perfetto.dev show: a row per rank, the first action
 * at 0. `JSON.stringify` makes the file.
 */
export function chromeTrace(trace: readonly TracedAction[], options: ChromeTraceOptions = {}): ChromeTrace {
  const { name = 'pipeline', milliseconds = 1 } = options
  const from = trace.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY)
  const micro = (time: number): number => time * milliseconds * 1000
  const ranks = [...new Set(trace.map(({ rank }) => rank))].sort((a, b) => a - b)
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      { name: 'process_name', ph: 'M', pid: 0, tid: 0, args: { name } },
      ...ranks.flatMap((rank): TraceEvent[] => [
        { name: 'thread_name', ph: 'M', pid: 0, tid: rank, args: { name: `rank ${rank}` } },
        { name: 'thread_sort_index', ph: 'M', pid: 0, tid: rank, args: { sort_index: rank } },
      ]),
      ...trace.map(
        ({ rank, action, start, end }): TraceEvent => ({
          name: `${WORDS[action.kind]} ${action.microBatch}`,
          cat: action.kind,
          ph: 'X',
          pid: 0,
          tid: rank,
          ts: micro(start - from),
          dur: micro(end - start),
          args: { microBatch: action.microBatch, chunk: action.chunk },
        }),
      ),
    ],
  }
}
