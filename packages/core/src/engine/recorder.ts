import { getGradient, Tensor, zeros } from '@tensorflow/tfjs-core'
import { shapeOnlyInputs } from './gradients.js'
import type { EngineState, GradientFunction, Internals, TapeNode } from './internals.js'

/**
 * How levin listens to tfjs's engine while a function is recorded.
 *
 * tfjs calls four methods of its engine for each operation under a tape. They are replaced once by versions that act
 * only while the engine's active tape is one of ours, at the depth of that tape; otherwise, so also inside a nested
 * `tf.grad`, the original runs. Compared with the originals they
 *
 * - record nothing for an operation that no source reaches, and save no tensor for it;
 * - save a tensor under its own id instead of through an `Identity` kernel and a tape node of its own (about 4 µs);
 * - save no data where the gradient function reads the shape alone (`Add`, `Sum`, `Reshape` …), so that a residual
 *   connection does not keep its operands alive;
 * - number gradients by slot, so that the walk backwards needs no maps.
 */
export class Recorder {
  /** The engine's active tape while this recorder listens. */
  readonly nodes: TapeNode[] = []
  /** Slot by tensor id. Slots 0 … n−1 are the sources. Tensors that no source reaches have none. */
  readonly slots = new Map<number, number>()
  slotCount: number
  /** By source: its slot, which is that of its first mention where a source is listed twice. */
  readonly slotOf: number[] = []
  /** Every tensor saved, so that a function that throws half-way leaks none. */
  private readonly saved: Tensor[] = []

  constructor(
    sources: readonly Tensor[],
    private readonly backend: Internals,
  ) {
    this.slotCount = sources.length
    for (let i = 0; i < sources.length; i++) {
      const { id } = sources[i] as Tensor
      const slot = this.slots.get(id) ?? i
      if (slot === i) this.slots.set(id, i)
      this.slotOf.push(slot)
    }
  }

  reaches(inputs: Record<string, Tensor | null>): boolean {
    for (const name in inputs) {
      const input = inputs[name]
      if (input != null && this.slots.has(input.id)) return true
    }
    return false
  }

  /** A second handle on a tensor's data, under the same id, that lives until the node has been walked. */
  save(tensor: Tensor): Tensor {
    const alias = new Tensor(tensor.shape, tensor.dtype, tensor.dataId, tensor.id)
    this.backend.incRef(alias, this.backend.backend)
    alias.kept = true
    this.saved.push(alias)
    return alias
  }

  /** The saved tensors that a kernel's gradient function will ask for. */
  saveForGradient(kernelName: string, inputs: Record<string, Tensor>, outputs: Tensor[]): Tensor[] {
    const config = getGradient(kernelName)
    if (config == null || !this.reaches(inputs)) return []
    const saved: Tensor[] = []
    const shapeOnly = shapeOnlyInputs(config)
    const names = config.saveAllInputs ? Object.keys(inputs) : config.inputsToSave
    if (names !== undefined) {
      for (const name of names) {
        const input = inputs[name]
        // An optional operand that was left out, say the scale of a batch normalisation.
        if (input == null) saved.push(input as unknown as Tensor)
        else if (shapeOnly === 'all' || shapeOnly?.input === name) saved.push(shapeOf(input))
        else saved.push(this.save(input))
      }
    }
    const { outputsToSave } = config
    if (outputsToSave !== undefined) {
      for (let i = 0; i < outputs.length; i++) if (outputsToSave[i]) saved.push(this.save(outputs[i] as Tensor))
    }
    return saved
  }

  /** Records an operation at our own depth, if a source reaches it. */
  add(
    state: EngineState,
    kernelName: string,
    inputs: Record<string, Tensor>,
    outputs: Tensor[],
    gradientFunction: GradientFunction | null,
    saved: Tensor[],
    attributes: Record<string, unknown>,
  ): void {
    const node = new RecordedNode(state.nextTapeNodeId++, kernelName, inputs, outputs, saved)
    if (!this.number(node)) {
      disposeSaved(node)
      return
    }
    const differentiate = getGradient(kernelName)?.gradFunc ?? gradientFunction
    if (differentiate != null) {
      node.gradient = runGradient
      node.gradientFunction = differentiate as GradientFunction
      node.attributes = attributes
    }
    this.nodes.push(node)
  }

  /** Gives a node its slots; `false` if no gradient can pass through it. */
  number(node: TapeNode): boolean {
    const names: string[] = []
    const inputSlots: number[] = []
    const { inputs, outputs } = node
    for (const name in inputs) {
      const input = inputs[name]
      const slot = input == null ? undefined : this.slots.get(input.id)
      if (slot === undefined) continue
      names.push(name)
      inputSlots.push(slot)
    }
    if (names.length === 0) return false
    let differentiable = false
    const outputSlots: number[] = []
    for (const output of outputs) {
      if (isDifferentiable(output)) {
        differentiable = true
        // An operation that returns its operand starts a new slot for it: earlier uses keep the old one.
        this.slots.set(output.id, this.slotCount)
        outputSlots.push(this.slotCount++)
      } else outputSlots.push(-1)
    }
    if (!differentiable) return false
    node.inputNames = names
    node.inputSlots = inputSlots
    node.outputSlots = outputSlots
    return true
  }

  /** Frees everything that was saved, when the recorded function has thrown. */
  abandon(): void {
    for (const tensor of this.saved) tensor.dispose()
    for (const node of this.nodes) disposeSaved(node)
  }
}

class RecordedNode implements TapeNode {
  declare inputNames: string[]
  declare inputSlots: number[]
  declare outputSlots: number[]
  // Own properties: tfjs copies nodes with Object.assign when a nested tf.grad filters the tape.
  gradient?: (outputGradients: (Tensor | null)[]) => Record<string, () => Tensor>
  gradientFunction: GradientFunction | undefined = undefined
  attributes: Record<string, unknown> = NO_ATTRIBUTES

  constructor(
    readonly id: number,
    readonly kernelName: string,
    readonly inputs: Record<string, Tensor>,
    readonly outputs: Tensor[],
    public saved: Tensor[],
  ) {}
}

const NO_ATTRIBUTES: Record<string, unknown> = {}

function runGradient(this: RecordedNode, outputGradients: (Tensor | null)[]): Record<string, () => Tensor> {
  const { kernelName, outputs } = this
  const dys = outputGradients as Tensor[]
  for (let i = 0; i < dys.length; i++) {
    const output = outputs[i] as Tensor
    if (dys[i] == null) dys[i] = zeros(output.shape as [number], output.dtype)
  }
  // tfjs passes a list only when there are several outputs; the gradients of these two always expect one.
  const list = dys.length > 1 || kernelName === 'Unpack' || kernelName === 'SplitV'
  return (this.gradientFunction as GradientFunction)(list ? dys : (dys[0] as Tensor), this.saved, this.attributes)
}

/** A tensor that has a shape and no data, which the engine does not count. */
function shapeOf(tensor: Tensor): Tensor {
  return new Tensor(tensor.shape, tensor.dtype, NO_DATA, tensor.id)
}

/** What stands for data in a tensor that is a shape alone. */
const NO_DATA = {}

/** Whether a saved tensor is more than a shape. */
export const hasData = ({ dataId }: Tensor): boolean => dataId !== NO_DATA

export function disposeSaved(node: TapeNode): void {
  for (const tensor of node.saved) if (tensor != null) tensor.dispose()
  node.saved = []
}

/** Whether gradients pass through a tensor: integers, booleans and strings end them. */
export function isDifferentiable({ dtype }: Tensor): boolean {
  return dtype === 'float32' || dtype === 'complex64'
}

let current: Recorder | null = null
let installedOn: Internals | null = null

/** Makes `recorder` the one that listens, and returns the one before it. */
export function setRecorder(recorder: Recorder | null): Recorder | null {
  const previous = current
  current = recorder
  return previous
}

/** The recorder whose tape the engine writes to at this moment, at whatever depth. */
export function activeRecorder(state: EngineState): Recorder | null {
  return current !== null && state.gradientDepth > 0 && state.activeTape === current.nodes ? current : null
}

/** Replaces the engine's four methods. Another copy of levin may have done so before: they chain. */
export function listen(internals: Internals): void {
  if (installedOn === internals) return
  installedOn = internals
  const { clone, getTensorsForGradient, saveTensorsForBackwardMode, addTapeNode } = internals
  const atOurDepth = (): Recorder | null =>
    current !== null && internals.state.gradientDepth === 1 && internals.state.activeTape === current.nodes
      ? current
      : null

  // Called by tfjs only to save a tensor for the gradient of a tf.customGrad.
  internals.clone = (tensor) => atOurDepth()?.save(tensor) ?? clone.call(internals, tensor)
  internals.getTensorsForGradient = (name, inputs, outputs) =>
    atOurDepth()?.saveForGradient(name, inputs, outputs) ?? getTensorsForGradient.call(internals, name, inputs, outputs)
  internals.saveTensorsForBackwardMode = (tensors) =>
    atOurDepth() === null ? saveTensorsForBackwardMode.call(internals, tensors) : tensors
  internals.addTapeNode = (name, inputs, outputs, gradientFunction, saved, attributes) => {
    const recorder = atOurDepth()
    if (recorder !== null) {
      recorder.add(internals.state, name, inputs, outputs, gradientFunction, saved, attributes)
      return
    }
    addTapeNode.call(internals, name, inputs, outputs, gradientFunction, saved, attributes)
    // Inside a nested tf.grad tfjs records as it likes, on our tape; the nodes need slots all the same.
    const { nodes } = activeRecorder(internals.state) ?? {}
    const node = nodes?.at(-1)
    if (node !== undefined && node.outputSlots === undefined) current?.number(node)
  }
}
