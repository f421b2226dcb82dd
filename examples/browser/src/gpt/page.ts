import '@levin/accelerator-webgpu/register'
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '../style.css'
import { Controls } from '../parts/controls.js'
import { Curves } from '../parts/curves.js'
import { element } from '../parts/element.js'
import { Figures, Throughput } from '../parts/figures.js'
import { findHardware } from '../parts/hardware.js'
import { loseDevice } from '../parts/lost-device.js'
import { Session } from '../parts/session.js'
import { book } from './book.js'
import type { WriteOrder, Written } from './write.worker.js'

/** What is shown of what was written. */
const SHOWN = 2000

const message = element('message')
const text = element<HTMLTextAreaElement>('text')
const sample = element('sample')
const prompt = element<HTMLInputElement>('prompt')
const temperature = element<HTMLInputElement>('temperature')
text.value = book

const say = (words: string, bad = false): void => {
  message.textContent = words
  message.classList.toggle('bad', bad)
}

const loss = new Curves(element('loss'), [
  { label: 'training', color: '#3b82d6' },
  { label: 'validation', color: '#d9822b' },
])
const figures = new Figures(element('figures'))
let throughput = new Throughput()

const writer = new Worker(new URL('./write.worker.ts', import.meta.url), { type: 'module' })
const order = (what: WriteOrder): void => writer.postMessage(what)
writer.addEventListener('message', ({ data }: MessageEvent<Written>) => {
  sample.textContent = `${sample.textContent ?? ''}${data.text}`.slice(-SHOWN)
})
const begin = (): void => {
  sample.textContent = prompt.value
  order({ type: 'prompt', prompt: prompt.value, temperature: Number(temperature.value) })
}
for (const input of [prompt, temperature]) input.addEventListener('change', begin)

const hardware = await findHardware()
const session = new Session('levin-gpt', startWorker, {
  onState: (state) => {
    throughput = new Throughput()
    text.disabled = state !== 'new' && state !== 'finished'
    controls.show(state)
  },
  onRow: ({ step, metrics }) => {
    loss.add(step, [metrics['train/loss'], metrics['val/loss']])
    if (metrics['train/loss'] !== undefined) figures.show('loss', metrics['train/loss'].toFixed(3))
    if (metrics['val/loss'] !== undefined) figures.show('validation', metrics['val/loss'].toFixed(3))
  },
  onProgress: (event) => {
    figures.show('update', `${event.clock.globalStep}`)
    const samples = throughput.add(event)
    if (samples !== undefined) figures.show('passages per second', samples.toFixed(1))
  },
  onCheckpoint: (checkpoint) => order({ type: 'model', checkpoint }),
  onMessage: say,
  onReset: () => {
    loss.clear()
    begin()
  },
})
const controls = new Controls(
  () => session,
  hardware,
  () => ({ ...addressHparams(), text: text.value }),
)
element('lose').addEventListener('click', loseDevice)

function startWorker(): Worker {
  return new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })
}

/** From the address: `?width=32&maxEpochs=1`. */
function addressHparams(): Record<string, number> {
  return Object.fromEntries([...new URLSearchParams(location.search)].map(([name, value]) => [name, Number(value)]))
}

controls.show('new')
say(hardware.message ?? 'Ready: trains on the GPU of this device, by WebGPU.')
session.restore()
if (session.choices) {
  controls.choose(session.choices)
  text.value = String(session.choices.hparams['text'] ?? book)
}
begin()
document.documentElement.dataset['ready'] = 'true'
