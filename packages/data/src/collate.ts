import { describe, type HostTensor, isHostTensor, type NumericData, type NumericType } from '@levin/core'
import { stack, type Tensor } from '@tensorflow/tfjs-core'
import type { Batched } from './batched.js'
import type { Allocate, DTypes } from './dataset.js'
import { dataError } from './errors.js'
import {
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
import { disposeTensors, isTensor } from './tensors.js'

export interface CollateOptions {
  /** dtypes of fields that are plain numbers. Default `float32`. */
  readonly dtypes?: DTypes | undefined
  /** Where the samples stand in the dataset, for errors. Default: in the batch. */
  readonly indices?: ArrayLike<number> | undefined
  /** Where the host tensors of the batch come from. Default: new ones. */
  readonly allocate?: Allocate | undefined
}

/** Makes one batch of samples, leaf by leaf, with the batch as the new first axis. Tensors are stacked and disposed. */
export function collate<S>(samples: readonly S[], options: CollateOptions = {}): Batched<S> {
  const { dtypes, indices, allocate = allocateTensor } = options
  if (samples.length === 0) throw dataError({ message: 'A batch needs at least one sample.', found: 'none' })
  const name = (position: number): string => `sample ${indices ? indices[position] : position}`
  const stacked: Tensor[] = []
  try {
    return collateField({ path: '', values: samples, dtypes, name, stacked, allocate }) as Batched<S>
  } catch (error) {
    for (const tensor of stacked) tensor.dispose()
    disposeTensors(samples)
    throw error
  }
}

/** One field of all samples. */
interface Field {
  readonly path: string
  readonly values: readonly unknown[]
  readonly dtypes: DTypes | undefined
  /** Tensors made so far, to be freed if a later field fails. */
  readonly stacked: Tensor[]
  readonly allocate: Allocate
  name(position: number): string
}

const fieldText = (path: string): string => (path === '' ? 'The samples' : `The field '${path}'`)

type LeafKind = 'number' | 'boolean' | 'text' | 'typed array' | 'host tensor' | 'tensor' | 'array' | 'tuple' | 'record'

function kindOf(value: unknown): LeafKind | undefined {
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'text'
  if (Array.isArray(value)) return nestedShape(value) ? 'array' : 'tuple'
  if (typeof value !== 'object' || value === null) return undefined
  if (isNumberArray(value)) return 'typed array'
  if (isHostTensor(value)) return 'host tensor'
  if (isTensor(value)) return 'tensor'
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? 'record' : undefined
}

function collateField(field: Field): unknown {
  const kind = kindOf(field.values[0])
  if (!kind) throw unsupported(field)
  const other = field.values.findIndex((value) => kindOf(value) !== kind)
  if (other >= 0) throw changed(field, other)
  if (kind === 'number') return stackNumbers(field, numberType(field))
  if (kind === 'boolean') return stackNumbers(field, 'bool')
  if (kind === 'text') return [...field.values]
  if (kind === 'typed array') return stackRows(field, rowsOfTypedArrays(field))
  if (kind === 'host tensor') return stackRows(field, field.values as readonly HostTensor[])
  if (kind === 'array') return stackArrays(field)
  if (kind === 'tensor') return stackTensors(field)
  return collateParts(field, kind)
}

function collateParts(field: Field, kind: 'tuple' | 'record'): unknown {
  const keys = Object.keys(field.values[0] as object)
  const other = field.values.findIndex((value) => {
    const found = Object.keys(value as object)
    return found.length !== keys.length || keys.some((key) => !Object.hasOwn(value as object, key))
  })
  if (other >= 0) throw changed(field, other)
  const entries = keys.map((key) => {
    const step = kind === 'tuple' ? `[${key}]` : field.path === '' ? key : `.${key}`
    const dtypes = typeof field.dtypes === 'object' ? field.dtypes[key] : field.dtypes
    const values = field.values.map((value) => (value as Record<string, unknown>)[key])
    return [key, collateField({ ...field, path: field.path + step, values, dtypes })] as const
  })
  return kind === 'tuple' ? entries.map(([, value]) => value) : Object.fromEntries(entries)
}

const numberType = ({ dtypes }: Field): NumericType => (typeof dtypes === 'string' ? dtypes : 'float32')

function stackNumbers(field: Field, dtype: NumericType): HostTensor {
  const values = field.values.map(Number)
  checkValues(field, values, dtype)
  const batch = field.allocate([values.length], dtype)
  batch.data.set(values)
  return batch
}

function checkValues(field: Field, values: ArrayLike<number>, dtype: NumericType, position?: number): void {
  const wrong = misfit(values, dtype)
  if (wrong === undefined) return
  const at = position ?? Array.from(values).findIndex((value) => Object.is(value, wrong))
  throw dataError({
    message: `${fieldText(field.path)} has dtype ${dtype}, which cannot hold the value of ${field.name(at)}.`,
    expected: dtype === 'bool' ? '0 or 1' : 'a whole number of 32 bits',
    found: String(wrong),
    remedy: `Set its dtype in the dataset's dtypes: { ${field.path}: 'float32' }.`,
  })
}

interface Row {
  readonly data: NumericData | HostTensor['data']
  readonly shape: readonly number[]
  readonly dtype: NumericType
}

function rowsOfTypedArrays({ values }: Field): Row[] {
  return values.map((value) => {
    const data = value as NumericData
    return { data, shape: [data.length], dtype: dtypeOf(data) as NumericType }
  })
}

function stackRows(field: Field, rows: readonly Row[]): HostTensor {
  const { shape, dtype } = rows[0] as Row
  const size = product(shape)
  const batch = field.allocate([rows.length, ...shape], dtype)
  const { data } = batch
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row
    if (row.dtype !== dtype || !sameShape(row.shape, shape))
      throw ragged(field, i, rowText({ shape, dtype }), rowText(row))
    if (row.data.length !== size)
      throw ragged(field, i, `${size} values for shape ${shapeText(shape)}`, `${row.data.length}`)
    data.set(row.data, i * size)
  }
  return batch
}

function stackArrays(field: Field): HostTensor {
  const first = field.values[0] as readonly unknown[]
  const shape = nestedShape(first) as number[]
  const dtype = isNestedBoolean(first) ? 'bool' : numberType(field)
  const size = product(shape)
  const batch = field.allocate([field.values.length, ...shape], dtype)
  const { data } = batch
  const row = new Float64Array(size)
  field.values.forEach((value, i) => {
    const wrong = flattenInto(row, 0, value, shape)
    if (wrong) throw ragged(field, i, `the shape ${shapeText(shape)}`, wrong)
    checkValues(field, row, dtype, i)
    data.set(row, i * size)
  })
  return batch
}

function stackTensors(field: Field): Tensor {
  const tensors = field.values as readonly Tensor[]
  const { shape, dtype } = tensors[0] as Tensor
  try {
    tensors.forEach((tensor, i) => {
      if (tensor.dtype !== dtype || !sameShape(tensor.shape, shape)) {
        throw ragged(
          field,
          i,
          `${dtype} of shape ${shapeText(shape)}`,
          `${tensor.dtype} of shape ${shapeText(tensor.shape)}`,
        )
      }
    })
    const batch = stack([...tensors])
    field.stacked.push(batch)
    return batch
  } finally {
    for (const tensor of tensors) tensor.dispose()
  }
}

const rowText = ({ shape, dtype }: Omit<Row, 'data'>): string => `${dtype} of shape ${shapeText(shape)}`

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis])

const ragged = ({ path, name }: Field, position: number, expected: string, found: string) =>
  dataError({
    message: `${fieldText(path)} differ${path === '' ? '' : 's'} between samples, so they make no batch.`,
    expected: `${expected} as in ${name(0)}`,
    found: `${found} in ${name(position)}`,
    remedy: 'Give samples one shape (pad or crop them in map()), or give the loader a collate function.',
  })

const changed = ({ path, name, values }: Field, position: number) =>
  dataError({
    message: `${fieldText(path)} change${path === '' ? '' : 's'} structure between samples.`,
    expected: `${describe(values[0])} as in ${name(0)}`,
    found: `${describe(values[position])} in ${name(position)}`,
    remedy: 'Give all samples one structure, or give the loader a collate function.',
  })

const unsupported = ({ path, name, values }: Field) =>
  dataError({
    message: `${fieldText(path)} cannot be put into a batch.`,
    expected: 'numbers, typed arrays, host tensors, tensors, texts, or records and arrays of these',
    found: `${describe(values[0])} in ${name(0)}`,
    remedy: 'Leave it out in map(), or give the loader a collate function.',
  })
