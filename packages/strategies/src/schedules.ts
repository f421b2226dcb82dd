/** Schedules of pipelines: what they are, how idle they are, and what they look like. */
export {
  type ChromeTrace,
  type ChromeTraceOptions,
  chromeTrace,
  type TraceEvent,
} from './pipeline/schedules/chrome-trace.js'
export { SCHEDULES, type ScheduleName } from './pipeline/schedules/index.js'
export { type PictureOptions, scheduleSvg } from './pipeline/schedules/picture.js'
export type {
  PipelineAction,
  Schedule,
  ScheduleRule,
  ScheduleShape,
  StageTimes,
} from './pipeline/schedules/schedule.js'
export {
  idlePart,
  type TimedAction,
  type Timeline,
  type TimelineOptions,
  timelineOf,
} from './pipeline/schedules/timeline.js'
export { type TracedAction, timelineOfTrace, traceOfTimeline } from './pipeline/schedules/trace.js'
