import type { TimedAction, Timeline } from './timeline.js'

/** What a rank did, and when: a line of a measured trace. */
export interface TracedAction extends TimedAction {
  readonly rank: number
}

/** A trace as a timeline: by rank, in the order of time. Ranks that did nothing have an empty row. */
export function timelineOfTrace(trace: readonly TracedAction[]): Timeline {
  const ranks = trace.reduce((most, { rank }) => Math.max(most, rank + 1), 0)
  const rows: TimedAction[][] = Array.from({ length: ranks }, () => [])
  for (const { rank, action, start, end } of trace) rows[rank]?.push({ action, start, end })
  for (const row of rows) row.sort((a, b) => a.start - b.start)
  return rows
}

/** A timeline as a trace. */
export const traceOfTimeline = (timeline: Timeline): TracedAction[] =>
  timeline.flatMap((row, rank) => row.map((timed) => ({ ...timed, rank })))
