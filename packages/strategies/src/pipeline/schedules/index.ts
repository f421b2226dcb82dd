import { gpipe } from './gpipe.js'
import { interleaved } from './interleaved.js'
import { oneForwardOneBackward } from './one-forward-one-backward.js'
import type { ScheduleRule } from './schedule.js'
import { zeroBubble } from './zero-bubble.js'

/** Schedules by the names that `pipeline({ schedule })` takes. */
export const SCHEDULES = {
  gpipe,
  '1f1b': oneForwardOneBackward,
  interleaved,
  zeroBubble,
} as const satisfies Record<string, ScheduleRule>

export type ScheduleName = keyof typeof SCHEDULES
