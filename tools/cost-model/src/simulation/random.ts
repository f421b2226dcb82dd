/** The same numbers in every run, in [0, 1). Mulberry32. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Exponentially distributed with that mean: most ranks are hardly late, a few very. */
export const exponential = (random: () => number, mean: number): number => -mean * Math.log(1 - random())
