/** Everything predefined that the collectives need of an MPI. */
export type HandleName =
  | 'world'
  | 'float32'
  | 'int32'
  | 'uint8'
  | 'bytes'
  | 'sum'
  | 'min'
  | 'max'
  | 'product'
  | 'errorsReturn'

export type FamilyName = 'open-mpi' | 'mpich' | 'mpi-abi'

/**
 * One binary interface of MPI. There is one standard for C sources, and three conventions of what they become: what differs is
 * a table, and nothing else in this package asks which one it has.
 */
export interface MpiFamily {
  readonly name: FamilyName
  /** As errors call it. */
  readonly title: string
  /** Names under which the system's loader knows it, the likeliest first. */
  readonly libraries: readonly string[]
  /** By what a library that was opened is known to be of this family; what neither fits is of the last one that is asked. */
  readonly known: { readonly file?: RegExp; readonly symbol?: string }
  /** The C type of a handle, and its size. */
  readonly handle: 'int' | 'intptr_t'
  readonly handleBytes: 4 | 8
  /** Values, or the names of symbols whose addresses are the values. */
  readonly handles: Readonly<Record<HandleName, number | string>>
  readonly inPlace: number
  readonly statusIgnore: number
  /** `MPI_THREAD_SERIALIZED`. */
  readonly threadSerialized: number
  /** How processes of it are started, as a remedy. */
  readonly start: string
}
