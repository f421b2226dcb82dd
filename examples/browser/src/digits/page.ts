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
import { newest } from '../parts/newest.js'
import { type Row, Session } from '../parts/session.js'
import { ConfusionTable } from './confusion-table.js'
import { DrawingPad } from './drawing-pad.js'
import { FilterPictures } from './filter-pictures.js'
import { Guesses } from './guesses.js'
import { Reader } from './reader.js'

const message = element('message')
const say = (text: string, bad = false): void => {
  message.textContent = text
  message.classList.toggle('bad', bad)
}

const loss = new Curves(element('loss'), [
  { label: 'training', color: '#3b82d6' },
  { label: 'validation', color: '#d9822b' },
])
const accuracy = new Curves(
  element('accuracy'),
  [
    { label: 'training', color: '#3b82d6' },
    { label: 'validation', color: '#d9822b' },
  ],
  { range: [0, 1] },
)
const confusion = new ConfusionTable(element<HTMLTableElement>('confusion'))
const filters = new FilterPictures(element('filters'))
const figures = new Figures(element('figures'))
const guesses = new Guesses(element('guesses'))
const reader = new Reader()
const pad = new DrawingPad(element('pad'), (drawing) => read(drawing))
element('clear').addEventListener('click', () => pad.clear())
element('lose').addEventListener('click', loseDevice)

function read(drawing: Float32Array | undefined): void {
  guesses.show(drawing && reader.read(drawing))
}

const showModel = newest(
  async (checkpoint: string) => {
    await reader.load(checkpoint)
    const found = reader.filters
    if (found) filters.show(found.values, found.shape)
    read(pad.drawing)
  },
  // The checkpoint may have been replaced meanwhile; the next one comes soon.
  (error) => console.warn(error),
)

function showRow({ step, metrics }: Row): void {
  loss.add(step, [metrics['train/loss'], metrics['val/loss']])
  accuracy.add(step, [metrics['train/accuracy'], metrics['val/accuracy']])
  confusion.show(metrics)
  if (metrics['train/loss'] !== undefined) figures.show('loss', metrics['train/loss'].toFixed(3))
  const held = metrics['val/accuracy']
  if (held !== undefined) figures.show('accuracy', `${(100 * held).toFixed(1)} %`)
}

let throughput = new Throughput()
const hardware = await findHardware()
const session = new Session('levin-digits', startWorker, {
  onState: (state) => {
    throughput = new Throughput()
    controls.show(state)
  },
  onRow: showRow,
  onProgress: (event) => {
    figures.show('update', `${event.clock.globalStep}`)
    figures.show('epoch', `${Math.min(event.clock.epoch + 1, event.limits.maxEpochs)}`)
    const samples = throughput.add(event)
    if (samples !== undefined) figures.show('digits per second', samples.toFixed(0))
  },
  onCheckpoint: showModel,
  onMessage: say,
  onReset: () => {
    for (const curves of [loss, accuracy]) curves.clear()
    confusion.clear()
    reader.forget()
    read(undefined)
  },
})
const controls = new Controls(() => session, hardware, hparams)

function startWorker(): Worker {
  return new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })
}

/** From the address, so that a test or a curious person can change them: `?digits=500&maxEpochs=2`. */
function hparams(): Record<string, number> {
  return Object.fromEntries([...new URLSearchParams(location.search)].map(([name, value]) => [name, Number(value)]))
}

controls.show('new')
say(hardware.message ?? 'Ready: trains on the GPU of this device, by WebGPU.')
session.restore()
if (session.choices) controls.choose(session.choices)
document.documentElement.dataset['ready'] = 'true'
