import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, LevinError } from '../errors.js'
import type { Connection, Seeds } from './frontier.js'
import { ensureGradients } from './gradients.js'
import { closeScopes, type Internals, internals, type TapeNode } from './internals.js'
import { mapTensors, tensorsIn } from './nested.js'
import { disposeSaved, hasData, isDifferentiable, listen, Recorder, setRecorder } from './recorder.js'
import { SplitWalk } from './split-walk.js'
import { Walk } from './walk.js'

/** Receives the gradient of one source. The gradient is the receiver's to dispose of. */
export type OnGradient = (source: Tensor, gradient: Tensor, sourceIndex: number) => void

/**
 * What the gradients of the outputs are.
 *
 * A number, or nothing for 1, when the one tensor that was returned is a scalar; otherwise a tensor per tensor that was
 * returned, in order of appearance, `null` for those that do not take part.
 */
export type OutputGradients = number | Tensor | readonly (Tensor | null | undefined)[] | undefined

/**
 * A forward computation that was recorded, and that can be walked backwards once, at any later time.
 *
 * Any number of tapes may be alive, and be walked in any order. A tape owns its outputs and what it saved for the walk:
 * dispose it when both are done with. What it saved shares the data of parameters and activations: nothing may write into
 * those in place before the walk (a variable's `assign`, which replaces the data, is harmless).
 */
export interface Tape<T> {
  /** What the recorded function returned. Its tensors live until {@link Tape.dispose}. */
  readonly outputs: T
  /** The tensors of {@link Tape.outputs} in order of appearance. */
  readonly tensors: readonly Tensor[]
  /** By source: whether any output depends on it. */
  readonly connected: readonly boolean[]
  /** Whether any output depends on `source`. */
  reaches(source: Tensor): boolean
  /**
   * Walks the tape backwards and delivers the gradient of each source that is reached as soon as it is final, which is
   * in reverse order of first use. What a node had saved is freed when the walk has passed it.
   *
   * The callback runs between two nodes, with recording off and in the scope of the caller of `backward`. A gradient
   * is delivered kept, as a tensor of its own; its data may be shared with other tensors (see {@link sharesData}).
   *
   * If it throws, or the callback does, everything the tape holds is freed, outputs included.
   */
  backward(outputGradients: OutputGradients, onGradient: OnGradient): void
  /**
   * The first half of a walk backwards: delivers the gradients of `inputs` alone, and computes nothing that does not
   * lead to them. {@link backwardRest} does the other half; together they deliver what {@link backward} does, to the last
   * bit, however the halves of several tapes are interleaved.
   *
   * For pipelines whose stages send the gradient of what they received at once, and compute those of their weights while
   * they would wait (zero bubble; Qi et al. 2023). Of an operation that has both, the product with a weight say, the weight's
   * gradient waits if its gradient function computes each input's by itself, when asked. What was saved for it, and the gradient of its
   * output, live until the second half. Where a gradient function computes all gradients together (`tf.customGrad`, normalisations,
   * attention, recomputed units), they are computed in this half, once, and the others are kept.
   *
   * @param inputs some of the sources
   * @throws LevinError `LEVIN_TAPE` if one is not among the sources; otherwise as {@link backward}, with the same consequences
   */
  backwardInputs(outputGradients: OutputGradients, inputs: readonly Tensor[], onGradient: OnGradient): void
  /**
   * The second half: the gradients of all other sources that are reached, each as soon as it is final.
   *
   * @throws LevinError `LEVIN_TAPE` if {@link backwardInputs} has not ended, or this was called before
   */
  backwardRest(onGradient: OnGradient): void
  /**
   * What it holds: its outputs and, until a walk begins, what is saved for it, sources included. Several may share data
   * (`dataId`), which takes memory once. They stay the tape's. For whoever counts what a step keeps.
   */
  held(): readonly Tensor[]
  /** Frees the outputs and what is still saved. A second call does nothing. */
  dispose(): void
}

/**
 * Runs `f` now, and keeps what is needed to compute the gradients of its outputs with respect to `sources` later.
 *
 * Tensors that `f` makes and does not return are disposed when it returns; those inside class instances, maps and sets
 * are not looked for, and count as not returned. May be called while another recording goes
 * on, which then sees the outputs as constants; `tf.grad` and its like work inside `f` and can be differentiated through.
 *
 * @param f Synchronous; returns a tensor, or arrays and plain objects of tensors. Other leaves pass through.
 * @param sources float32 tensors or variables that gradients are wanted for.
 * @throws LevinError `LEVIN_ASYNC_STEP` if `f` returns a promise: tfjs disposes tensors when the function returns.
 */
export function record<T>(f: () => T, sources: readonly Tensor[]): Tape<T> {
  ensureGradients()
  checkSources(sources)
  const engine = internals()
  listen(engine)
  const { state } = engine
  const { activeTape, gradientDepth, kernelDepth } = state
  const scopes = state.scopeStack.length
  const recorder = new Recorder(sources, engine)
  const previous = setRecorder(recorder)
  state.activeTape = recorder.nodes
  state.gradientDepth = 1
  state.kernelDepth = 0
  engine.startScope('record')
  try {
    const result = f()
    refusePromise(result)
    const outputs = ownOutputs(engine, result)
    const tensors = tensorsIn(outputs)
    const tape = new RecordedTape(outputs, tensors, sources, recorder)
    for (const tensor of tensors) engine.keep(tensor)
    return tape
  } catch (error) {
    recorder.abandon()
    throw error
  } finally {
    closeScopes(engine, scopes)
    setRecorder(previous)
    state.activeTape = activeTape
    state.gradientDepth = gradientDepth
    state.kernelDepth = kernelDepth
  }
}

function checkSources(sources: readonly Tensor[]): void {
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as Tensor
    if (source.dtype === 'float32' && !source.isDisposed) continue
    if (source.isDisposed) {
      throw new LevinError('LEVIN_DISPOSED', {
        message: `Source ${i} of a recording has been disposed.`,
        remedy: 'Record with tensors that are alive, or leave it out.',
      })
    }
    throw new LevinError('LEVIN_TAPE', {
      expected: `source ${i} of a recording to be a float32 tensor`,
      found: describe(source),
      remedy: 'Gradients exist for floating-point tensors only: leave it out of the sources.',
    })
  }
}

/** Throws if a function that must be synchronous returned a promise. */
export function refusePromise(result: unknown): void {
  if (!isPromise(result)) return
  // Its tensors are gone when it goes on; what it then throws says nothing that this error does not.
  result.then(undefined, () => undefined)
  throw new LevinError('LEVIN_ASYNC_STEP', {
    expected: 'a synchronous step',
    found: 'one that returned a Promise',
    remedy:
      'Remove `async` and `await` from the step: its tensors are disposed when it returns. ' +
      'Prepare data in the DataModule, and read values in hooks after the step.',
  })
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}

/**
 * Makes every output a tensor of the open scope, so that its fate is its owner's alone.
 *
 * A tensor from outside, a source or one that the function kept for itself is handed on as an alias of the same data.
 */
export function ownOutputs<T>(engine: Internals, result: T): T {
  const scope = engine.state.activeScope?.id
  const foreign = (tensor: Tensor): boolean => tensor.scopeId !== scope || tensor.kept
  if (!tensorsIn(result).some(foreign)) return result
  return mapTensors(result, (tensor) => (foreign(tensor) ? tensor.clone() : tensor))
}

class RecordedTape<T> implements Tape<T> {
  readonly connected: readonly boolean[]
  private readonly outputSlots: number[]
  private connection: Connection | null
  private walk: Walk | SplitWalk | null = null
  /** A walk whose second half is still to come. */
  private halfWay: SplitWalk | null = null
  private disposed = false

  constructor(
    readonly outputs: T,
    readonly tensors: readonly Tensor[],
    private readonly sources: readonly Tensor[],
    recorder: Recorder,
  ) {
    this.outputSlots = tensors.map((tensor) => (isDifferentiable(tensor) ? (recorder.slots.get(tensor.id) ?? -1) : -1))
    this.connection = connect(recorder, sources, this.outputSlots)
    const { lastUse, slotOf } = this.connection
    this.connected = slotOf.map((slot) => (lastUse[slot] as number) >= 0)
  }

  reaches(source: Tensor): boolean {
    const index = this.sources.findIndex(({ id }) => id === source.id)
    return index >= 0 && this.connected[index] === true
  }

  backward(outputGradients: OutputGradients, onGradient: OnGradient): void {
    const { sources } = this
    const { connection, seeds } = this.start(outputGradients)
    const walk = new Walk(internals(), connection, sources)
    this.during(walk, () => walk.run(seeds, onGradient))
  }

  backwardInputs(outputGradients: OutputGradients, inputs: readonly Tensor[], onGradient: OnGradient): void {
    const { sources } = this
    const slots = inputs.map((input, i) => this.slotOf(input, i))
    const { connection, seeds } = this.start(outputGradients)
    const walk = new SplitWalk(internals(), connection, sources, slots)
    this.during(walk, () => walk.inputs(seeds, onGradient))
    if (!this.disposed) this.halfWay = walk
  }

  backwardRest(onGradient: OnGradient): void {
    const { halfWay: walk } = this
    if (walk === null) {
      throw new LevinError('LEVIN_TAPE', {
        message: this.disposed
          ? 'This tape has been disposed.'
          : 'The first half of the walk has not ended, or the second has begun already.',
        remedy: 'Call backwardInputs once, then backwardRest once; for the whole walk at once there is backward.',
      })
    }
    this.halfWay = null
    this.during(walk, () => walk.rest(onGradient))
  }

  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    this.walk?.stop()
    this.halfWay?.stop()
    this.halfWay = null
    for (const node of this.connection?.nodes ?? []) disposeSaved(node)
    this.connection = null
    for (const tensor of this.tensors) tensor.dispose()
  }

  /** Checks what a walk begins with, and hands it the recording, which is the walk's from then on. */
  private start(outputGradients: OutputGradients): { connection: Connection; seeds: Seeds } {
    const { connection, tensors: outputs, outputSlots: slots } = this
    if (connection === null) {
      throw new LevinError('LEVIN_TAPE', {
        message: this.disposed ? 'This tape has been disposed.' : 'This tape has been walked backwards already.',
        remedy: 'Record the forward computation again: what a tape saves is freed as the walk passes it.',
      })
    }
    const seeds = { outputs, slots, gradients: this.seedsFrom(outputGradients) }
    this.connection = null
    return { connection, seeds }
  }

  private during(walk: Walk | SplitWalk, run: () => void): void {
    this.walk = walk
    try {
      run()
    } catch (error) {
      this.dispose()
      throw error
    } finally {
      this.walk = null
    }
  }

  private slotOf(input: Tensor, index: number): number {
    const place = this.sources.findIndex(({ id }) => id === input.id)
    if (place >= 0) return place
    throw new LevinError('LEVIN_TAPE', {
      expected: `input ${index} of backwardInputs to be one of the ${this.sources.length} sources of the recording`,
      found: describe(input),
      remedy: 'Hand it to record() as a source: a tape knows the way to those only.',
    })
  }

  held(): readonly Tensor[] {
    if (this.disposed) return []
    const saved = (this.connection?.nodes ?? []).flatMap((node) => node.saved)
    return [...this.tensors, ...saved.filter((tensor) => tensor != null && hasData(tensor))]
  }

  private seedsFrom(gradients: OutputGradients): Seeds['gradients'] {
    const { tensors } = this
    if (gradients === undefined || typeof gradients === 'number') {
      const [output] = tensors
      if (tensors.length !== 1 || output === undefined || output.size !== 1 || !isDifferentiable(output)) {
        throw new LevinError('LEVIN_TAPE', {
          expected: 'the one output of a recording to be a float32 scalar when backward is given no gradient tensors',
          found: tensors.length === 1 ? describe(output) : `${tensors.length} tensors`,
          remedy: 'Give backward a gradient tensor per output tensor, null for those that do not take part.',
        })
      }
      return [gradients ?? 1]
    }
    const list = Array.isArray(gradients)
      ? (gradients as readonly (Tensor | null | undefined)[])
      : [gradients as Tensor]
    if (list.length !== tensors.length) {
      throw new LevinError('LEVIN_TAPE', {
        expected: `${tensors.length} output gradients, one per output tensor`,
        found: String(list.length),
        remedy: 'Pass null for an output that does not take part.',
      })
    }
    list.forEach((gradient, i) => {
      if (gradient != null) checkSeed(gradient, tensors[i] as Tensor, i)
    })
    return list
  }
}

function checkSeed(gradient: Tensor, output: Tensor, index: number): void {
  if (!isDifferentiable(output)) {
    throw new LevinError('LEVIN_TAPE', {
      message: `Output ${index} is ${describe(output)}, which has no gradient.`,
      remedy: 'Pass null for it.',
    })
  }
  const sameShape =
    gradient.shape.length === output.shape.length && gradient.shape.every((size, i) => size === output.shape[i])
  if (sameShape && gradient.dtype === output.dtype) return
  throw new LevinError('LEVIN_SHAPE', {
    expected: `the gradient of output ${index} to be ${describe(output)}`,
    found: describe(gradient),
    remedy: 'An output gradient has the shape and dtype of its output.',
  })
}

/** Keeps the nodes on paths from sources to outputs, in the order of the walk, and frees what the others had saved. */
function connect(recorder: Recorder, sources: readonly Tensor[], outputSlots: readonly number[]): Connection {
  const { nodes, slotOf, slotCount } = recorder
  const needed = new Uint8Array(slotCount)
  for (const slot of outputSlots) if (slot >= 0) needed[slot] = 1
  const lastUse = new Int32Array(sources.length).fill(-1)
  const walk: TapeNode[] = []
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as TapeNode
    const { inputSlots, outputSlots: ends } = node
    if (inputSlots === undefined || ends === undefined || !ends.some((slot) => slot >= 0 && needed[slot] === 1)) {
      disposeSaved(node)
      continue
    }
    for (const slot of inputSlots) {
      needed[slot] = 1
      if (slot < sources.length) lastUse[slot] = walk.length
    }
    walk.push(node)
  }
  return { nodes: walk, slotCount, lastUse, slotOf }
}
