import { element } from '../parts/element.js'
import { newest } from '../parts/newest.js'
import { openTraining, trainingCurves } from '../parts/training-page.js'
import { ConfusionTable } from './confusion-table.js'
import { DrawingPad } from './drawing-pad.js'
import { FilterPictures } from './filter-pictures.js'
import { Guesses } from './guesses.js'
import { Reader } from './reader.js'

const accuracy = trainingCurves('accuracy', { range: [0, 1] })
const confusion = new ConfusionTable(element<HTMLTableElement>('confusion'))
const filters = new FilterPictures(element('filters'))
const guesses = new Guesses(element('guesses'))
const reader = new Reader()
const pad = new DrawingPad(element('pad'), (drawing) => read(drawing))
element('clear').addEventListener('click', () => pad.clear())

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

await openTraining({
  name: 'levin-digits',
  startWorker: () => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }),
  samples: 'digits',
  onRow: ({ step, metrics }, figures) => {
    const held = metrics['val/accuracy']
    accuracy.add(step, [metrics['train/accuracy'], held])
    confusion.show(metrics)
    if (held !== undefined) figures.show('accuracy', `${(100 * held).toFixed(1)} %`)
  },
  onCheckpoint: showModel,
  onReset: () => {
    accuracy.clear()
    confusion.clear()
    reader.forget()
    read(undefined)
  },
})
