import { SCHEDULES, type ScheduleName } from './schedules/index.js'
import { interleavedGpipe } from './schedules/interleaved-gpipe.js'
import type { Schedule } from './schedules/schedule.js'

const made = new Map<string, Schedule>()

/** The schedule of a window. The last of an epoch may have fewer micro-batches than a schedule takes: it gets a plainer one. */
export function scheduleFor(
  { schedule, chunks }: { readonly schedule: ScheduleName; readonly chunks: number },
  ranks: number,
  microBatches: number,
): Schedule {
  const key = `${schedule} ${chunks} ${ranks} ${microBatches}`
  const known = made.get(key)
  if (known) return known
  const fits = chunks === 1 || microBatches % ranks === 0
  const shape = { ranks, microBatches, chunks }
  const schedules = fits ? SCHEDULES[schedule].make(shape) : interleavedGpipe(shape)
  made.set(key, schedules)
  return schedules
}
