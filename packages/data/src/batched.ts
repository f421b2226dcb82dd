import type { HostTensor } from '@levin/core'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'

/** Arrays of numbers that columns and samples may hold. What is not float is a whole number. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array

/** The rank of a batch, by the rank of its samples. */
interface RankOfBatch {
  R0: Rank.R1
  R1: Rank.R2
  R2: Rank.R3
  R3: Rank.R4
  R4: Rank.R5
  R5: Rank.R6
  R6: Rank.R6
}

type Value = number | boolean

/**
 * The batch that the default `collate` makes of samples `S`, each leaf with the batch as its new first axis:
 *
 * | sample | batch |
 * |---|---|
 * | `number`, `boolean` | `HostTensor<R1>` |
 * | typed array, `number[]` | `HostTensor<R2>` |
 * | `number[][]`, `HostTensor<R2>` | `HostTensor<R3>`, and so on |
 * | `Tensor<R2>` | `Tensor<R3>` |
 * | `string` | `string[]` |
 * | records, tuples | the same structure |
 */
export type Batched<S> =
  S extends Tensor<infer R>
    ? Tensor<RankOfBatch[`${R}`]>
    : S extends HostTensor<infer R>
      ? HostTensor<RankOfBatch[`${R}`]>
      : S extends NumberArray
        ? HostTensor<Rank.R2>
        : S extends Value
          ? HostTensor<Rank.R1>
          : S extends string
            ? string[]
            : S extends readonly Value[]
              ? HostTensor<Rank.R2>
              : S extends readonly (readonly Value[])[]
                ? HostTensor<Rank.R3>
                : S extends readonly (readonly (readonly Value[])[])[]
                  ? HostTensor<Rank.R4>
                  : S extends object
                    ? { -readonly [K in keyof S]: Batched<S[K]> }
                    : never
