/** What was measured of a parameter's declaration; nothing of its value. */
export interface MeasuredParameter {
  readonly path: string
  /** Of the whole. */
  readonly elements: number
  readonly trainable: boolean
  /**
   * How ranks that share its layer divide it: `units` that stay whole, such as heads, so that there can be as many ranks at most.
   * Absent: each of them holds all of it.
   */
  readonly units?: number
}

/**
 * One piece of a training step that a pipeline does not cut: a layer of the chain, or what comes before or after the chain. All
 * figures are for one batch of the loader, on one device with nobody else.
 */
export interface MeasuredPiece {
  /** For tables and errors, such as `blocks.3`. */
  readonly name: string
  /** Milliseconds: the median of a few runs. */
  readonly forward: number
  readonly backward: number
  readonly parameters: readonly MeasuredParameter[]
  /** Elements of buffers, such as running statistics. */
  readonly buffers: number
  readonly inputBytes: number
  readonly outputBytes: number
  /** Absent where it gives something else than one tensor. */
  readonly outputShape?: readonly number[]
  /** What its tape holds besides input, output and parameters, each block of memory once: activations. */
  readonly innerBytes: number
  /** Whether its tape holds the input, and the output, which are its neighbours' too. */
  readonly keepsInput: boolean
  readonly keepsOutput: boolean
  /**
   * What a forward has made by its end beyond what its tape holds. It is freed when all that is recorded together has run, since
   * tensors live as long as the scope that they were made in.
   */
  readonly forwardWorkingBytes: number
  /** The most that a backward has on the way beyond what the tape holds, the gradient of the output, and one of a parameter. */
  readonly backwardWorkingBytes: number
  /** The part of `innerBytes` that ranks which share the layers divide (tensor parallelism), from 0 to 1. */
  readonly dividedPart: number
  /** Bytes of each activation that such ranks sum in a forward; in a backward there are as many. */
  readonly sums: readonly number[]
  /** Of each layer of attention: its heads, and the bytes of its keys and values, which ranks of a context hand around. */
  readonly attention: readonly { readonly heads: number; readonly bytes: number }[]
}

/** A module as the planner sees it. */
export interface MeasuredModel {
  /** What comes before the layers that can be cut: every stage of a pipeline runs it. Absent if nothing does. */
  readonly before?: MeasuredPiece
  /** The layers between which a pipeline can cut. Where there are none: the whole step as one. */
  readonly layers: readonly MeasuredPiece[]
  /** What comes after, in the last stage: the loss, and whatever is not in the chain. */
  readonly after?: MeasuredPiece
  /** Why a pipeline cannot cut. Absent: it can. */
  readonly uncut?: string
  /** Layers of each stage, where the module says itself where to cut. */
  readonly stages?: readonly number[]
  /** Of one batch of the loader: its samples, and bytes on the device. */
  readonly batch: { readonly samples: number; readonly bytes: number }
  readonly optimizer: {
    readonly name: string
    /** Elements of state for each element of a parameter: 2 for Adam. */
    readonly slots: number
    /** Milliseconds of an update for each element. */
    readonly millisecondsPerElement: number
    /** Whether its state may be divided by elements, or whole tensors only. */
    readonly sharding: 'element' | 'tensor'
  }
}

/** Every piece, in the order of a forward. */
export const piecesOf = ({ before, layers, after }: MeasuredModel): readonly MeasuredPiece[] =>
  [before, ...layers, after].filter((piece) => piece !== undefined)

/** Parameters that are in no layer that can be cut: all ranks of a pipeline hold them. */
export function outsideOf({ before, layers, after }: MeasuredModel): readonly MeasuredParameter[] {
  const inside = new Set(parametersOf(layers).map(({ path }) => path))
  const ends = [before, after].filter((piece) => piece !== undefined)
  return parametersOf(ends).filter(({ path }) => !inside.has(path))
}

/** The parameters of pieces by path, each once. */
export function parametersOf(pieces: readonly MeasuredPiece[]): readonly MeasuredParameter[] {
  return [...new Map(pieces.flatMap(({ parameters }) => parameters.map((each) => [each.path, each]))).values()]
}
