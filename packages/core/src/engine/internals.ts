import { type DataType, engine, type KernelBackend, type Tensor } from '@tensorflow/tfjs-core'

/** A function that maps the gradients of a node's outputs to thunks of the gradients of its inputs. */
export type GradientFunction = (
  outputGradients: Tensor | Tensor[],
  saved: Tensor[],
  attributes: Record<string, unknown>,
) => Record<string, () => Tensor>

/** One recorded operation, as tfjs keeps it, with our slots (see `recorder.ts`). */
export interface TapeNode {
  readonly id: number
  readonly kernelName: string
  readonly inputs: Record<string, Tensor>
  readonly outputs: Tensor[]
  saved: Tensor[]
  gradient?: (outputGradients: (Tensor | null)[]) => Record<string, () => Tensor>
  inputNames?: string[]
  inputSlots?: number[]
  outputSlots?: number[]
}

interface Scope {
  readonly id: number
  readonly name: string
  readonly track: Tensor[]
}

export interface EngineState {
  nextTapeNodeId: number
  numBytes: number
  numTensors: number
  numDataBuffers: number
  activeTape: TapeNode[] | null
  gradientDepth: number
  kernelDepth: number
  activeScope: Scope | null
  readonly scopeStack: Scope[]
}

/**
 * The parts of tfjs's engine that levin relies on, private ones included.
 *
 * This interface is the whole list. It is checked by the tests of this package against the tfjs-core that is installed.
 */
export interface Internals {
  readonly state: EngineState
  readonly backendName: string | null
  readonly backend: KernelBackend
  startScope(name?: string): void
  keep<T extends Tensor>(tensor: T): T
  track<T extends Tensor>(tensor: T): T
  incRef(tensor: Tensor, backend: KernelBackend): void
  makeTensor(values: unknown, shape: readonly number[], dtype: DataType): Tensor
  runKernel(name: string, inputs: object, attributes?: object): Tensor | Tensor[]
  clone(tensor: Tensor): Tensor
  getTensorsForGradient(kernelName: string, inputs: Record<string, Tensor>, outputs: Tensor[]): Tensor[]
  saveTensorsForBackwardMode(tensors: Tensor[]): Tensor[]
  addTapeNode(
    kernelName: string,
    inputs: Record<string, Tensor>,
    outputs: Tensor[],
    gradientFunction: GradientFunction | null,
    saved: Tensor[],
    attributes: Record<string, unknown>,
  ): void
}

/** tfjs's engine, of which there is one per process. */
export function internals(): Internals {
  return engine() as unknown as Internals
}

/**
 * Closes the scopes above `depth`, which disposes what they track and nobody keeps.
 *
 * Nothing is handed to the scope below, so that this needs none of the sets that `endScope` builds.
 */
export function closeScopes({ state }: Internals, depth: number): void {
  const { scopeStack } = state
  while (scopeStack.length > depth) {
    const scope = scopeStack.pop() as Scope
    state.activeScope = scopeStack[scopeStack.length - 1] ?? null
    for (const tensor of scope.track) if (!tensor.kept) tensor.dispose()
  }
}

/** Runs `body` with recording off, and puts tfjs's engine back as it was, whatever `body` does. */
export function withoutTape<T>(internals: Internals, body: () => T): T {
  const { state } = internals
  const { activeTape, gradientDepth, kernelDepth } = state
  const scopes = state.scopeStack.length
  state.gradientDepth = 0
  state.kernelDepth = 0
  try {
    return body()
  } finally {
    closeScopes(internals, scopes)
    state.activeTape = activeTape
    state.gradientDepth = gradientDepth
    state.kernelDepth = kernelDepth
  }
}
