import type { HostTensor, NumericType } from '@levin/core'
import type { Rank } from '@tensorflow/tfjs-core'
import type { Batched, NumberArray } from './batched.js'
import { type Column, makeColumn } from './column.js'
import type { Allocate, DTypes, MapDataset } from './dataset.js'
import { checkIndex, dataError } from './errors.js'

type Value = number | boolean
type Nested = readonly Value[] | readonly Nested[]

/** A column with what its array does not say: the shape `[samples, …]` of a flat array, the dtype of its values. */
export interface ShapedColumn {
  readonly data: NumberArray | Nested
  /** First axis: the samples. Default: that of nested arrays, else `[data.length]`. */
  readonly shape?: readonly number[]
  /**
   * Default: `float32` for floats and plain numbers, `int32` for typed arrays of whole numbers (bytes too), `bool` for
   * booleans. Values are converted when a batch is made, so that bytes stay bytes in memory.
   */
  readonly dtype?: NumericType
}

/** One column of {@link fromArrays}: one row per sample. */
export type ColumnInput = ShapedColumn | NumberArray | Nested | readonly string[]

/** The sample that a column gives, by the shape of the whole column. */
type RowOfShape<S extends readonly number[], Scalar> = number extends S['length']
  ? HostTensor
  : S extends readonly [number]
    ? Scalar
    : S extends readonly [number, number]
      ? HostTensor<Rank.R1>
      : S extends readonly [number, number, number]
        ? HostTensor<Rank.R2>
        : S extends readonly [number, number, number, number]
          ? HostTensor<Rank.R3>
          : S extends readonly [number, number, number, number, number]
            ? HostTensor<Rank.R4>
            : HostTensor<Rank.R5>

type ScalarOf<C> = C extends { readonly dtype: 'bool' } ? boolean : number

/** A row of values whose dtype was given. */
type Typed<R, C> = R extends number | boolean ? (C extends { readonly dtype: NumericType } ? ScalarOf<C> : R) : R

/** The sample's part of one column. */
export type Row<C> = C extends { readonly shape: infer S extends readonly number[] }
  ? RowOfShape<S, ScalarOf<C>>
  : C extends { readonly data: infer D }
    ? Typed<Row<D>, C>
    : C extends NumberArray
      ? number
      : C extends readonly (infer V)[]
        ? V extends number
          ? number
          : V extends boolean
            ? boolean
            : V extends string
              ? string
              : V extends readonly Value[]
                ? HostTensor<Rank.R1>
                : V extends readonly (readonly Value[])[]
                  ? HostTensor<Rank.R2>
                  : HostTensor<Rank.R3>
        : never

/** The samples of a table of columns. */
export type RowOf<C> = { -readonly [K in keyof C]: Row<C[K]> }

/**
 * A dataset of columns: batches are copied row by row straight into typed arrays, with no object per sample.
 *
 * Columns are used where they are, not copied, but for plain arrays.
 *
 * @example
 * const digits = fromArrays({ images: { data: pixels, shape: [10000, 28, 28, 1] }, labels: Int32Array.from(labels) })
 *
 * @throws LEVIN_DATA if the columns differ in length, a shape does not fit, or plain arrays are ragged.
 */
export function fromArrays<const C extends Readonly<Record<string, ColumnInput>>>(columns: C): MapDataset<RowOf<C>> {
  const made = Object.entries(columns).map(([name, column]) => [name, makeColumn(name, column)] as const)
  checkLengths(made)
  return new ColumnarDataset<RowOf<C>>(made)
}

function checkLengths(columns: readonly (readonly [string, Column])[]): void {
  const first = columns[0]
  if (!first) throw dataError({ message: 'A dataset needs at least one column.', found: 'none' })
  const other = columns.find(([, column]) => column.length !== first[1].length)
  if (!other) return
  throw dataError({
    message: `The columns '${first[0]}' and '${other[0]}' differ in length.`,
    expected: `${first[1].length} rows in each`,
    found: `${other[1].length} in '${other[0]}'`,
  })
}

class ColumnarDataset<S> implements MapDataset<S> {
  readonly length: number
  readonly synchronous = true
  readonly dtypes: DTypes

  constructor(private readonly columns: readonly (readonly [string, Column])[]) {
    this.length = columns[0]?.[1].length ?? 0
    this.dtypes = Object.fromEntries(columns.flatMap(([name, { dtype }]) => (dtype ? [[name, dtype]] : [])))
  }

  get(index: number): S {
    checkIndex(index, this.length)
    return Object.fromEntries(this.columns.map(([name, column]) => [name, column.row(index)])) as S
  }

  getBatch(indices: Uint32Array, allocate?: Allocate): Batched<S> {
    for (let i = 0; i < indices.length; i++) {
      if ((indices[i] as number) >= this.length) checkIndex(indices[i] as number, this.length)
    }
    const batch: Record<string, unknown> = {}
    for (const [name, column] of this.columns) batch[name] = column.rows(indices, allocate)
    return batch as Batched<S>
  }
}
