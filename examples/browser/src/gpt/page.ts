import { element } from '../parts/element.js'
import { openTraining } from '../parts/training-page.js'
import { book } from './book.js'
import type { WriteOrder, Written } from './write.worker.js'

/** What is shown of what was written. */
const SHOWN = 2000

const text = element<HTMLTextAreaElement>('text')
const sample = element('sample')
const prompt = element<HTMLInputElement>('prompt')
const temperature = element<HTMLInputElement>('temperature')
text.value = book

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
begin()

await openTraining({
  name: 'levin-gpt',
  startWorker: () => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }),
  samples: 'passages',
  hparams: () => ({ text: text.value }),
  onState: (state) => {
    text.disabled = state !== 'new' && state !== 'finished'
  },
  onRow: ({ metrics }, figures) => {
    if (metrics['val/loss'] !== undefined) figures.show('validation', metrics['val/loss'].toFixed(3))
  },
  onCheckpoint: (checkpoint) => order({ type: 'model', checkpoint }),
  onReset: begin,
  onRestore: ({ hparams }) => {
    text.value = String(hparams['text'] ?? book)
  },
})
