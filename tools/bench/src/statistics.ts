/** What is said of a list of measurements. */
export interface Summary {
  readonly count: number
  readonly median: number
  readonly minimum: number
  readonly maximum: number
  /** The distance between the quartiles over the median: half of all measurements lie within it. */
  readonly spread: number
}

/** The value below which the fraction `q` of the sorted values lies, interpolated linearly. */
function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = quantile(sorted, 0.5)
  return {
    count: sorted.length,
    median: middle,
    minimum: sorted[0] ?? Number.NaN,
    maximum: sorted.at(-1) ?? Number.NaN,
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / Math.abs(middle),
  }
}
