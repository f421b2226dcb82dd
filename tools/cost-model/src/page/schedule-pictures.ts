import { SCHEDULES, type ScheduleName, type ScheduleShape, scheduleSvg, timelineOf } from '@levin/strategies/schedules'

/** Enough micro-batches to see the steady part, few enough to read their numbers. */
const SHAPE: ScheduleShape = { ranks: 4, microBatches: 8 }

const SHOWN: readonly (readonly [file: string, name: ScheduleName, title: string, shape: ScheduleShape])[] = [
  ['gpipe', 'gpipe', 'GPipe: all forwards, then all backwards', SHAPE],
  ['1f1b', '1f1b', '1F1B: one forward, one backward', SHAPE],
  ['interleaved', 'interleaved', 'Interleaved 1F1B: two parts of the model on each rank', { ...SHAPE, chunks: 2 }],
  ['zero-bubble', 'zeroBubble', 'Zero bubble (H1): gradients of parameters wait for idle time', SHAPE],
]

/** By file name. A backward takes twice as long as a forward. */
export const schedulePictures: Readonly<Record<string, () => string>> = Object.fromEntries(
  SHOWN.map(([file, name, title, shape]) => [
    `pipeline-${file}.svg`,
    () => {
      const { make, bubble } = SCHEDULES[name]
      return scheduleSvg(timelineOf(make(shape)), { title, theory: bubble(shape) })
    },
  ]),
)
