import {
  type Accelerator,
  type Buffer,
  currentPlatform,
  isTensor,
  type Parameter,
  type ParameterTree,
  record,
  type Tape,
  tensorsIn,
} from '@levin/core'
import { onesLike, type Tensor } from '@tensorflow/tfjs-core'
import type { MeasuredParameter, MeasuredPiece } from '../measured-model.js'
import { bytesOf, LayerObserver } from './observer.js'

export interface MeasureOptions {
  readonly accelerator: Accelerator
  /** Runs of each piece after one that warms up; times are their medians. Default 5. */
  readonly runs?: number | undefined
}

/** A piece of a step that can be run again and again. */
export interface Subject {
  readonly name: string
  /** Runs it forward; layers that it calls are to be seen by the observer. Tensors in what it returns are its output. */
  forward(observer: LayerObserver): unknown
  /** What it gets; the caller's. */
  readonly inputs: readonly Tensor[]
  readonly parameters: readonly Parameter[]
  readonly buffers: readonly Buffer[]
}

/**
 * Runs a piece forward and backward on its own. Its parameters need values; those that its output does not depend on are not its own.
 * Leaves no tensor behind.
 */
export async function measurePiece(subject: Subject, options: MeasureOptions): Promise<MeasuredPiece> {
  const { name, inputs, parameters, buffers } = subject
  const observer = new LayerObserver()
  const everything = parameters.filter(isDifferentiable)
  const { held, connected } = await runOnce(subject, everything, observer, options.accelerator)
  const unused = new Set(everything.filter((_, index) => !connected[index]))
  const used = parameters.filter((parameter) => !unused.has(parameter))
  const sources = used.filter(({ trainable }) => trainable).filter(isDifferentiable)
  const runs: Run[] = []
  for (let run = 0; run < (options.runs ?? 5); run++)
    runs.push(await runOnce(subject, sources, new LayerObserver(), options.accelerator))
  return {
    name,
    forward: median(runs.map((run) => run.forward)),
    backward: median(runs.map((run) => run.backward)),
    parameters: used.map(measuredParameter),
    buffers: buffers.reduce((sum, { size }) => sum + size, 0),
    inputBytes: distinctBytes(inputs),
    ...held,
    forwardWorkingBytes: Math.max(...runs.map((run) => run.forwardWorking)),
    backwardWorkingBytes: Math.max(...runs.map((run) => run.backwardWorking)),
    ...observer.observed,
  }
}

export const measuredParameter = ({ path, size, trainable, split, shape }: Parameter): MeasuredParameter => ({
  path,
  elements: size,
  trainable,
  ...(split ? { units: (shape[split.axis] as number) / (split.unit ?? 1) } : {}),
})

/** What is in a layer, for whoever measures it. */
export const contentsOf = (tree: ParameterTree) => ({ parameters: tree.parameters(), buffers: tree.buffers() })

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

// --- Internal helpers ---

type Held = Pick<MeasuredPiece, 'innerBytes' | 'keepsInput' | 'keepsOutput' | 'outputBytes' | 'outputShape'>

interface Run {
  readonly forward: number
  readonly backward: number
  readonly forwardWorking: number
  readonly backwardWorking: number
  readonly held: Held
  /** By parameter: whether the output depends on it. */
  readonly connected: readonly boolean[]
}

const isDifferentiable = ({ value }: Parameter): boolean => value.dtype === 'float32'

async function runOnce(
  subject: Subject,
  parameters: readonly Parameter[],
  observer: LayerObserver,
  accelerator: Accelerator,
): Promise<Run> {
  const platform = currentPlatform()
  const inputs = subject.inputs.filter(({ dtype }) => dtype === 'float32')
  const sources = [...inputs, ...parameters.map(({ value }) => value)]
  const forwardPeak = await peakFrom(accelerator)
  const begin = platform.now()
  const tape = record(() => subject.forward(observer), sources)
  try {
    await settled(tape.tensors, accelerator)
    const forward = platform.now() - begin
    const held = heldBy(tape, subject)
    const forwardMost = forwardPeak?.()
    const seeds = tape.tensors.map((output) => (output.dtype === 'float32' ? onesLike(output) : null))
    const backwardPeak = await peakFrom(accelerator)
    const backward = tape.connected.includes(true) ? await walk(tape, seeds, accelerator) : 0
    const backwardMost = backwardPeak?.()
    for (const seed of seeds) seed?.dispose()
    // Gradients of parameters are counted for themselves; one is alive at a time here.
    const gradient = Math.max(0, ...parameters.map(({ size }) => 4 * size))
    // Where the peak is not known: the gradients that come in and go out.
    const guess = held.outputBytes + distinctBytes(subject.inputs)
    return {
      forward,
      backward,
      held,
      connected: tape.connected.slice(inputs.length),
      forwardWorking: forwardMost === undefined ? guess : Math.max(0, forwardMost - held.innerBytes - held.outputBytes),
      backwardWorking: backwardMost === undefined ? guess : Math.max(0, backwardMost - gradient),
    }
  } finally {
    tape.dispose()
  }
}

/** Milliseconds of a walk back. */
async function walk(tape: Tape<unknown>, seeds: readonly (Tensor | null)[], accelerator: Accelerator): Promise<number> {
  const platform = currentPlatform()
  const begin = platform.now()
  let last: Tensor | undefined
  tape.backward(seeds, (_source, gradient) => {
    last?.dispose()
    last = gradient
  })
  await settled(last ? [last] : [], accelerator)
  const milliseconds = platform.now() - begin
  last?.dispose()
  return milliseconds
}

/** Counts from now on: says how many bytes more were in use at most. `undefined` where the accelerator does not know it. */
async function peakFrom(accelerator: Accelerator): Promise<(() => number) | undefined> {
  if (accelerator.memory().peak === undefined) return undefined
  // The peak is that since the last setup.
  await accelerator.setup()
  const now = accelerator.memory().peak ?? 0
  return () => (accelerator.memory().peak ?? 0) - now
}

/** Waits until tensors are computed, where they are not when a call returns. */
async function settled(tensors: readonly Tensor[], { capabilities }: Accelerator): Promise<void> {
  if (capabilities.hostMemory) return
  await Promise.all(tensors.slice(-1).map((tensor) => tensor.data()))
}

/** What a tape holds, each block of memory once and parameters not at all. */
function heldBy(tape: Tape<unknown>, { inputs, parameters }: Subject): Held {
  const own = new Set(parameters.map(({ value }) => value.dataId))
  const entering = new Set(inputs.map(({ dataId }) => dataId))
  const leaving = new Set(tape.tensors.map(({ dataId }) => dataId))
  // Outputs come first: what is behind them was saved.
  const saved = tape.held().slice(tape.tensors.length)
  const inner = saved.filter(({ dataId }) => !own.has(dataId) && !entering.has(dataId) && !leaving.has(dataId))
  const { outputs } = tape
  return {
    innerBytes: distinctBytes(inner),
    keepsInput: saved.some(({ dataId }) => entering.has(dataId)),
    keepsOutput: saved.some(({ dataId }) => leaving.has(dataId)),
    outputBytes: distinctBytes(tensorsIn(outputs).filter(({ dataId }) => !entering.has(dataId))),
    ...(isTensor(outputs) ? { outputShape: outputs.shape } : {}),
  }
}

const distinctBytes = (tensors: readonly Tensor[]): number =>
  [...new Map(tensors.map((tensor) => [tensor.dataId, bytesOf(tensor)])).values()].reduce(
    (sum, bytes) => sum + bytes,
    0,
  )
