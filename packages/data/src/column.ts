import { describe, type HostTensor, type NumericData, type NumericType } from '@levin/core'
import type { NumberArray } from './batched.js'
import type { Allocate } from './dataset.js'
import { dataError } from './errors.js'
import {
  allocate,
  allocateTensor,
  dtypeOf,
  flattenInto,
  isNestedBoolean,
  isNumberArray,
  misfit,
  nestedShape,
  product,
  shapeText,
} from './numbers.js'

/** A column of a table: one row per sample. */
export interface Column {
  readonly length: number
  /** The row at `index`, as a sample shows it. */
  row(index: number): unknown
  /** Rows stacked, in a tensor from `allocate`. Default: a new one. */
  rows(indices: Uint32Array, allocate?: Allocate): unknown
  readonly dtype: NumericType | undefined
}

/** `set` costs 40 ns per row whatever its length, since it needs a view first; a loop 2 ns per value. */
const SHORT_ROW = 20

/** A column of numbers, held in one array, row by row. */
class NumberColumn implements Column {
  readonly length: number
  private readonly rowShape: readonly number[]
  private readonly rowSize: number

  constructor(
    private readonly data: NumberArray,
    shape: readonly number[],
    readonly dtype: NumericType,
  ) {
    this.length = shape[0] as number
    this.rowShape = shape.slice(1)
    this.rowSize = product(this.rowShape)
  }

  row(index: number): number | boolean | HostTensor {
    if (this.rowShape.length === 0) {
      const value = this.data[index] as number
      return this.dtype === 'bool' ? value !== 0 : value
    }
    const data = allocate(this.dtype, this.rowSize)
    data.set(this.data.subarray(index * this.rowSize, (index + 1) * this.rowSize))
    return { data, shape: this.rowShape, dtype: this.dtype }
  }

  rows(indices: Uint32Array, allocateRows: Allocate = allocateTensor): HostTensor {
    const { rowSize } = this
    const stacked = allocateRows([indices.length, ...this.rowShape], this.dtype)
    const { data } = stacked
    const first = indices[0] ?? 0
    if (isRun(indices)) data.set(this.data.subarray(first * rowSize, (first + indices.length) * rowSize))
    else if (rowSize < SHORT_ROW) copyValues(this.data, data, indices, rowSize)
    else copyRows(this.data, data, indices, rowSize)
    return stacked
  }
}

function isRun(indices: Uint32Array): boolean {
  const first = indices[0] ?? 0
  for (let i = 1; i < indices.length; i++) if (indices[i] !== first + i) return false
  return true
}

function copyValues(from: NumberArray, to: NumericData, indices: Uint32Array, size: number): void {
  let target = 0
  for (let i = 0; i < indices.length; i++) {
    const source = (indices[i] as number) * size
    for (let j = 0; j < size; j++) to[target++] = from[source + j] as number
  }
}

function copyRows(from: NumberArray, to: NumericData, indices: Uint32Array, size: number): void {
  touchRows(from, indices, size)
  for (let i = 0; i < indices.length; i++) {
    const source = (indices[i] as number) * size
    to.set(from.subarray(source, source + size), i * size)
  }
}

/** Where what was read goes, so that no compiler leaves the reading out. */
const touched = new Float64Array(1)

/**
 * Reads a value of each row. Rows of a shuffled batch are far apart, and each waits for memory, one after the other; reads
 * that do not depend on each other wait together. A fifth less for 64 rows of 3 kB out of 190 MB, a tenth of a microsecond
 * more where the rows are in the cache.
 */
function touchRows(from: NumberArray, indices: Uint32Array, size: number): void {
  let sum = 0
  for (let i = 0; i < indices.length; i++) sum += from[(indices[i] as number) * size] as number
  touched[0] = sum
}

/** A column of texts. They stay on the host. */
class TextColumn implements Column {
  readonly dtype = undefined

  constructor(private readonly texts: readonly string[]) {}

  get length(): number {
    return this.texts.length
  }

  row(index: number): string {
    return this.texts[index] as string
  }

  rows(indices: Uint32Array): string[] {
    return Array.from(indices, (index) => this.texts[index] as string)
  }
}

interface Given {
  readonly data: unknown
  readonly shape?: readonly number[] | undefined
  readonly dtype?: NumericType | undefined
}

const isGiven = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && 'data' in value

/** Makes a column of whatever form it was given in. */
export function makeColumn(name: string, value: unknown): Column {
  const given = isGiven(value) ? value : { data: value }
  if (Array.isArray(given.data) && given.data.length > 0 && given.data.every((item) => typeof item === 'string')) {
    return new TextColumn(given.data)
  }
  const { data, shape } = flattened(name, given)
  if (shape.length === 0 || product(shape) !== data.length) {
    throw dataError({
      message: `The column '${name}' does not fit its shape.`,
      expected: `${product(shape)} values for shape ${shapeText(shape)}`,
      found: `${data.length}`,
      remedy: 'The first axis is the samples: [samples, height, width, channels] for images.',
    })
  }
  const dtype = given.dtype ?? defaultDtype(given.data)
  const wrong = dtypeOf(data) === 'int32' && dtype === 'int32' ? undefined : misfit(data, dtype)
  if (wrong !== undefined) {
    throw dataError({
      message: `The column '${name}' holds values that ${dtype} cannot hold.`,
      expected: dtype === 'bool' ? '0 or 1' : 'whole numbers of 32 bits',
      found: String(wrong),
    })
  }
  return new NumberColumn(data, shape, dtype)
}

// Plain numbers are float32 even where all of them are whole: a dtype that depends on the values would change with them.
function defaultDtype(data: unknown): NumericType {
  return dtypeOf(data) ?? (Array.isArray(data) && isNestedBoolean(data) ? 'bool' : 'float32')
}

function flattened(name: string, { data, shape, dtype }: Given): { data: NumberArray; shape: readonly number[] } {
  if (isNumberArray(data)) return { data, shape: shape ?? [data.length] }
  const nested = Array.isArray(data) ? nestedShape(data) : undefined
  if (!nested) {
    throw dataError({
      message: `The column '${name}' cannot be used.`,
      expected: 'a typed array, nested arrays of numbers, texts, or { data, shape, dtype }',
      found: describe(data),
    })
  }
  // Float64 where a dtype of whole numbers is to be checked: float32 would have rounded before.
  const flat = dtype === 'int32' ? new Float64Array(product(nested)) : new Float32Array(product(nested))
  const ragged = flattenInto(flat, 0, data, nested)
  if (ragged) {
    throw dataError({
      message: `The column '${name}' is ragged.`,
      expected: `the shape ${shapeText(nested)} throughout`,
      found: ragged,
    })
  }
  return { data: flat, shape: shape ?? nested }
}
