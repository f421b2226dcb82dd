const FULL = '━'
const EMPTY = '─'

/** A bar of `width` cells. */
export function renderBar(share: number, width = 24): string {
  const cells = Math.round(Math.min(1, Math.max(0, share)) * width)
  return FULL.repeat(cells) + EMPTY.repeat(width - cells)
}

/** `0:07`, `12:30`, `1:02:03` */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** `train/loss 0.123  val/accuracy 0.981` */
export const formatMetrics = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join('  ')

const formatNumber = (value: number): string => {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2)
}

/** Batches per second since the start, which is steadier than that of the last few. */
export class Rate {
  #started: number | undefined
  #first = 0

  start(now: number, done: number): void {
    this.#started = now
    this.#first = done
  }

  get running(): boolean {
    return this.#started !== undefined
  }

  elapsed(now: number): number {
    return now - (this.#started ?? now)
  }

  perSecond(now: number, done: number): number {
    const elapsed = this.elapsed(now)
    return elapsed > 0 ? ((done - this.#first) / elapsed) * 1000 : 0
  }
}
