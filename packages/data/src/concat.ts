import { type Dataset, type DTypes, type IterableDataset, isMapDataset, type MapDataset } from './dataset.js'
import { type DatasetLike, datasetOf } from './dataset-of.js'
import { checkIndex, dataError } from './errors.js'
import { asIterable, samplesOf } from './samples-of.js'

/**
 * Datasets one after the other. Indexable if all are.
 *
 * @throws LEVIN_DATA if there is none, or if their dtypes differ.
 */
export function concat<S>(...sources: (MapDataset<S> | readonly S[])[]): MapDataset<S>
export function concat<S>(...sources: DatasetLike<S>[]): IterableDataset<S>
export function concat<S>(...sources: DatasetLike<S>[]): Dataset<S> {
  const datasets = sources.map((source) => datasetOf(source))
  const first = datasets[0]
  if (!first) throw dataError({ message: 'concat() needs at least one dataset.', found: 'none' })
  checkDtypes(datasets)
  const traits = { dtypes: first.dtypes, synchronous: datasets.every(({ synchronous }) => synchronous === true) }
  if (datasets.every((dataset): dataset is MapDataset<S> => isMapDataset(dataset))) {
    return { ...traits, ...concatenated(datasets) }
  }
  const parts = datasets.map((dataset) => asIterable(dataset))
  const counts = parts.map(({ sampleCount }) => sampleCount ?? Number.NaN)
  const sampleCount = counts.reduce((sum, count) => sum + count, 0)
  return {
    ...traits,
    sampleCount: Number.isNaN(sampleCount) ? undefined : sampleCount,
    open: (pass) => (traits.synchronous ? chainNow(parts, pass.epoch) : chainLater(parts, pass.epoch)),
  }
}

function concatenated<S>(datasets: readonly MapDataset<S>[]): Pick<MapDataset<S>, 'length' | 'get'> {
  const starts = [0]
  for (const dataset of datasets) starts.push((starts.at(-1) as number) + dataset.length)
  const length = starts.at(-1) as number
  return {
    length,
    get(index) {
      checkIndex(index, length)
      const part = starts.findIndex((_, i) => index < (starts[i + 1] as number))
      return (datasets[part] as MapDataset<S>).get(index - (starts[part] as number))
    },
  }
}

function checkDtypes(datasets: readonly Dataset<unknown>[]): void {
  const texts = datasets.map(({ dtypes }) => dtypesText(dtypes))
  const other = texts.findIndex((text) => text !== texts[0])
  if (other < 0) return
  throw dataError({
    message: `Dataset ${other} of concat() has other dtypes than the first.`,
    expected: texts[0] as string,
    found: texts[other] as string,
    remedy: 'Give the dtypes where the datasets are made.',
  })
}

/** What is float32 is left out: that is what numbers are where nothing is said. */
function dtypesText(dtypes: DTypes | undefined): string {
  if (dtypes === undefined || typeof dtypes === 'string') return dtypes ?? 'float32'
  const fields = Object.entries(dtypes).map(([field, dtype]) => [field, dtypesText(dtype)] as const)
  const others = fields.filter(([, text]) => text !== 'float32').map(([field, text]) => `${field}: ${text}`)
  return others.length > 0 ? `{ ${others.sort().join(', ')} }` : 'float32'
}

function* chainNow<S>(parts: readonly IterableDataset<S>[], epoch: number): Generator<S> {
  for (const part of parts) yield* samplesOf(part, { epoch })
}

async function* chainLater<S>(parts: readonly IterableDataset<S>[], epoch: number): AsyncGenerator<S> {
  for (const part of parts) yield* part.open({ epoch })
}
