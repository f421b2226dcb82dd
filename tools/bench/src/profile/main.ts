/**
 * Where the time of a training step goes, kernel by kernel:
 *
 *     npx tsx --conditions=@levin/source tools/bench/src/profile/main.ts mlp-256|mlp-1024|cnn|gpt|lstm ours|stock [seconds]
 *
 * `ours` is the bare loop on the `cpu` accelerator, `stock` a loop around `variableGrads` and `train.adam` on tfjs's wasm
 * backend, for the models that it can train. Prints milliseconds per step.
 */
import { readMaterial } from '../peers/material.js'
import { writeMaterial } from '../suites/train/material.js'
import { TRAININGS } from '../suites/train/models.js'
import { KernelClock, type KernelTime } from './kernel-clock.js'
import { ourStep, stockStep } from './steps.js'

const [work = '', who = 'ours', seconds = '5'] = process.argv.slice(2)
const training = TRAININGS.find(({ name }) => name === work)
const start = { ours: ourStep, stock: stockStep }[who]
if (!training || !start) {
  const names = TRAININGS.map(({ name }) => name).join(', ')
  throw new Error(`Expected one of ${names}, then ours or stock; found '${work}' and '${who}'.`)
}
const folder = await writeMaterial(training)
const material = readMaterial(folder.path)
await folder.remove()
const { step, about } = await start(material)
for (let i = 0; i < 5; i++) step(i)

const clock = new KernelClock('wasm')
step(0)
clock.reset()
const begin = performance.now()
let steps = 0
while (steps < 3 || performance.now() - begin < Number(seconds) * 1000) step(steps++)
const total = (performance.now() - begin) / steps

const within = clock.times.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / steps
const row = (name: string, calls: string, milliseconds: number): string =>
  `${name.padEnd(32)}${calls.padStart(7)}${milliseconds.toFixed(3).padStart(11)}${((100 * milliseconds) / total).toFixed(1).padStart(7)} %`
const rowOf = ({ name, calls, milliseconds }: KernelTime): string =>
  row(name, (calls / steps).toFixed(0), milliseconds / steps)
console.log(`${work}, ${who}: ${total.toFixed(2)} ms per step over ${steps} steps; ${about}`)
console.log(`${'kernel'.padEnd(32)}${'calls'.padStart(7)}${'ms'.padStart(11)}`)
for (const time of clock.times) console.log(rowOf(time))
console.log(row('outside of kernels', '', total - within))
