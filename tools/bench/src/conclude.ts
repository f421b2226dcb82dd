import { median } from './statistics.js'
import type { Conclusion, Measured } from './suite.js'

/** How to read a unit: more steps per second are better, more microseconds per step are worse. */
export type Better = 'more' | 'less'

/**
 * Ours against every peer that was measured: the median over rounds of the quotient within a round, so that drift of
 * the machine between rounds cancels.
 */
export function ratios(work: string, ours: string, measured: Measured, better: Better): Conclusion[] {
  const mine = measured.get(ours)
  if (!mine) return []
  return [...measured]
    .filter(([name]) => name !== ours)
    .map(([peer, theirs]) => {
      const quotients = mine.map((value, round) =>
        better === 'more' ? value / theirs[round]! : theirs[round]! / value,
      )
      return { kind: 'ratio', name: `${work}/${peer}`, value: median(quotients) }
    })
}
