import { describe } from '@levin/core'
import type { DatasetTraits, IterableDataset, Pass } from './dataset.js'
import { checkCount, dataError } from './errors.js'

/** A dataset of `tf.data`, known by what it can do: the package itself is not needed. */
export interface TensorFlowDataset<S> {
  iterator(): Promise<{ next(): Promise<{ value: S; done: boolean | undefined }> }>
}

/** What can be read from its beginning. A function or a re-iterable one is read anew in each epoch. */
export type IterableSource<S> =
  | ((pass: Pass) => Iterable<S> | AsyncIterable<S> | ReadableStream<S>)
  | Iterable<S>
  | AsyncIterable<S>
  | ReadableStream<S>
  | TensorFlowDataset<S>

export interface IterableOptions extends DatasetTraits {
  /** Samples per pass, if known: progress can then be shown. A pass of another length is an error. */
  readonly sampleCount?: number
}

/**
 * A dataset of samples that come one after the other: iterables, async iterables, generators, web streams, `tf.data`
 * datasets. Give a function for whatever can be read only once, so that each epoch gets a new one.
 *
 * Tensors in samples (`tf.data` gives tensors) are handed over: the loader disposes them once they are stacked.
 *
 * @example fromIterable(() => parseLines(openFile('train.jsonl')))
 *
 * @throws LEVIN_DATA on a second pass over what can be read only once.
 */
export function fromIterable<S>(source: IterableSource<S>, options: IterableOptions = {}): IterableDataset<S> {
  const { dtypes, sampleCount } = options
  if (sampleCount !== undefined) checkCount(sampleCount, 'The option sampleCount of fromIterable()')
  const open = opener(source)
  return { dtypes, sampleCount, synchronous: options.synchronous ?? isSynchronous(source), open: (pass) => open(pass) }
}

/** Whether a value is one that {@link fromIterable} takes. */
export function isIterableSource(value: unknown): boolean {
  if (typeof value === 'function') return true
  return isIterable(value) || isAsyncIterable(value) || isStream(value) || isTensorFlowDataset(value)
}

type Opener<S> = (pass: Pass) => Iterable<S> | AsyncIterable<S>

function opener<S>(source: IterableSource<S>): Opener<S> {
  if (typeof source === 'function') {
    return (pass) => {
      const opened: unknown = source(pass)
      if (isStream<S>(opened)) return readStream(opened)
      if (isIterable<S>(opened) || isAsyncIterable<S>(opened)) return opened
      throw dataError({
        message: 'The function given to fromIterable() made nothing that can be read.',
        expected: 'an iterable, an async iterable or a ReadableStream',
        found: describe(opened),
      })
    }
  }
  // Streams come first: in Node they are async iterables too, in some browsers they are not.
  if (isStream<S>(source))
    return once(
      () => readStream(source),
      () => true,
    )
  if (isTensorFlowDataset<S>(source)) return () => readTensorFlow(source)
  if (isAsyncIterable<S>(source))
    return once(
      () => source,
      () => isOwnIterator(source, source[Symbol.asyncIterator]()),
    )
  if (isIterable<S>(source))
    return once(
      () => source,
      () => isOwnIterator(source, source[Symbol.iterator]()),
    )
  throw dataError({
    message: 'The dataset cannot be read.',
    expected: 'an iterable, an async iterable, a ReadableStream, a tf.data dataset, or a function that makes one',
    found: describe(source),
  })
}

/** Generators and streams are at their end after one pass; a second one would silently be empty. */
function once<S>(open: Opener<S>, readableOnce: () => boolean): Opener<S> {
  let passes = 0
  return (pass) => {
    if (passes++ > 0 && readableOnce()) {
      throw dataError({
        message: 'The data were read already, and can be read only once.',
        remedy: 'Give fromIterable() a function that makes a new iterable: fromIterable(() => generate()).',
      })
    }
    return open(pass)
  }
}

const isOwnIterator = (source: unknown, iterator: unknown): boolean => source === iterator

function isSynchronous(source: unknown): boolean {
  return typeof source !== 'function' && isIterable(source) && !isAsyncIterable(source)
}

async function* readStream<S>(stream: ReadableStream<S>): AsyncGenerator<S> {
  const reader = stream.getReader()
  let ended = false
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (done) {
        ended = true
        return
      }
      yield value
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}

async function* readTensorFlow<S>(dataset: TensorFlowDataset<S>): AsyncGenerator<S> {
  const iterator = await dataset.iterator()
  while (true) {
    const { value, done } = await iterator.next()
    if (done) return
    yield value
  }
}

const has = (value: unknown, key: PropertyKey): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as Record<PropertyKey, unknown>)[key] === 'function'

const isIterable = <S>(value: unknown): value is Iterable<S> => has(value, Symbol.iterator)
const isAsyncIterable = <S>(value: unknown): value is AsyncIterable<S> => has(value, Symbol.asyncIterator)
const isStream = <S>(value: unknown): value is ReadableStream<S> => has(value, 'getReader')
const isTensorFlowDataset = <S>(value: unknown): value is TensorFlowDataset<S> => has(value, 'iterator')
