import '@levin/accelerator-webgl/register'
import '@levin/accelerator-webgpu/register'
import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import '@levin/distributed/register'
import '../style.css'
import type { RunEvent } from '@levin/trainer'
import { Controls } from './controls.js'
import { Curves } from './curves.js'
import { element } from './element.js'
import { Figures, Throughput } from './figures.js'
import { findHardware } from './hardware.js'
import { addHead } from './head.js'
import { loseDevice } from './lost-device.js'
import { type Choices, type Row, Session, type SessionState } from './session.js'

/** What a page does beside what all of them do. */
export interface TrainingPage {
  /** Under which its training is kept. */
  readonly name: string
  /** A new worker for each call. */
  readonly startWorker: () => Worker
  /** What is counted per second. */
  readonly samples: string
  /** Beside those of the address. */
  readonly hparams?: () => Choices['hparams']
  onRow(row: Row, figures: Figures): void
  onCheckpoint(location: string): void
  onState?(state: SessionState): void
  onReset(): void
  /** A page before this one has left a training. */
  onRestore?(choices: Choices): void
}

/** Wires a page: what trains, what is pressed, and what is shown of every training. */
export async function openTraining(page: TrainingPage): Promise<void> {
  addHead()
  const loss = trainingCurves('loss')
  const figures = new Figures(element('figures'))
  let throughput = new Throughput()
  const hardware = await findHardware()
  const session = new Session(page.name, page.startWorker, {
    onState: (state) => {
      throughput = new Throughput()
      page.onState?.(state)
      controls.show(state)
    },
    onRow: (row) => {
      const { 'train/loss': trained, 'val/loss': held } = row.metrics
      loss.add(row.step, [trained, held])
      if (trained !== undefined) figures.show('loss', trained.toFixed(3))
      page.onRow(row, figures)
    },
    onProgress: (event) => {
      showProgress(figures, event)
      const rate = throughput.add(event)
      if (rate !== undefined) figures.show(`${page.samples} per second`, rate.toFixed(rate < 100 ? 1 : 0))
    },
    onCheckpoint: (location) => page.onCheckpoint(location),
    onMessage: say,
    onReset: () => {
      loss.clear()
      page.onReset()
    },
  })
  const controls = new Controls(
    () => session,
    hardware,
    () => ({ ...addressHparams(), ...page.hparams?.() }),
  )
  element('lose').addEventListener('click', loseDevice)
  controls.show('new')
  say(hardware.message)
  session.restore()
  if (session.choices) {
    controls.choose(session.choices)
    page.onRestore?.(session.choices)
  }
  document.documentElement.dataset['ready'] = 'true'
}

/** Of the samples that are trained on, and of those that are validated on. */
export function trainingCurves(id: string, options: ConstructorParameters<typeof Curves>[2] = {}): Curves {
  const curves = [
    { label: 'training', color: '#3b82d6' },
    { label: 'validation', color: '#d9822b' },
  ]
  return new Curves(element(id), curves, options)
}

function say(words: string, bad = false): void {
  const message = element('message')
  message.textContent = words
  message.classList.toggle('bad', bad)
}

function showProgress(figures: Figures, { clock, limits }: RunEvent & { type: 'progress' }): void {
  figures.show('update', `${clock.globalStep}`)
  figures.show('epoch', `${Math.min(clock.epoch + 1, limits.maxEpochs)}`)
}

/** From the address, so that a test or a curious person can change them: `?digits=500&maxEpochs=2`. */
function addressHparams(): Record<string, number> {
  return Object.fromEntries([...new URLSearchParams(location.search)].map(([name, value]) => [name, Number(value)]))
}
