const USUAL = [-2.5, 2.5] as const

/**
 * The numbers of a drawn input: evenly between the bounds, from a hash of the text and the index, float32.
 *
 * `tools/parity/op_cases/compact.py` draws the same ones, bit for bit.
 */
export function drawnNumbers(
  text: string,
  count: number,
  [low, high]: readonly [number, number] = USUAL,
): Float32Array {
  const seed = seedOf(text)
  // In the middle of 65,536 steps: whole numbers and halves, where functions bend, are between steps of most bounds.
  return Float32Array.from(
    { length: count },
    (_, i) => low + ((high - low) * (2 * (mixed(seed, i) >>> 16) + 1)) / 131072,
  )
}

/** FNV-1a over UTF-16 code units. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The finaliser of MurmurHash3. */
function mixed(seed: number, index: number): number {
  let x = (seed + Math.imul(index, 0x9e3779b9)) | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}
