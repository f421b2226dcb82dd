/**
 * The known name that a mistyped one is closest to, for errors: `undefined` where more than a few letters differ. Case and
 * the way in which words are joined (`max_epochs`, `max-epochs`, `maxEpochs`) make no difference.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const letters = plain(name)
  const [best] = known
    .map((candidate) => ({ candidate, distance: strokes(letters, plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(1, letters.length / 4) ? best.candidate : undefined
}

const plain = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase()

/** How many letters have to be put in, taken out, changed or swapped with the next one (Damerau 1964). */
function strokes(from: string, to: string): number {
  let before: readonly number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const swapped = isSwap ? (before[j - 2] as number) + 1 : Infinity
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1, swapped))
    }
    before = row
    row = next
  }
  return row[to.length] as number
}
