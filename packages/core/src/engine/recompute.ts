import { type Tensor, zerosLike } from '@tensorflow/tfjs-core'
import { type GradientFunction, internals, withoutTape } from './internals.js'
import { adopt } from './memory.js'
import { tensorsIn } from './nested.js'
import { activeRecorder, isDifferentiable } from './recorder.js'
import { ownOutputs, record, refusePromise } from './tape.js'

/** Whether what is computed now can have gradients: within {@link record}, and not within {@link untaped}. */
export function isRecording(): boolean {
  const { gradientDepth, kernelDepth } = internals().state
  return gradientDepth > 0 && kernelDepth === 0
}

/**
 * Runs `f` with recording off inside a recorded function. What it returns is a constant to the tape.
 *
 * Intermediates are disposed when it returns, as in `tf.tidy`. For metrics, statistics and units that are recomputed.
 *
 * @throws LevinError `LEVIN_ASYNC_STEP` if `f` returns a promise.
 */
export function untaped<T>(f: () => T): T {
  const engine = internals()
  const result = withoutTape(engine, () => {
    engine.startScope('untaped')
    const returned = f()
    refusePromise(returned)
    const outputs = ownOutputs(engine, returned)
    for (const tensor of tensorsIn(outputs)) engine.keep(tensor)
    return outputs
  })
  for (const tensor of tensorsIn(result)) adopt(tensor)
  return result
}

/**
 * Activation checkpointing: runs `f` without recording, keeps its inputs alone, and runs it again in the walk backwards.
 *
 * Costs one more forward of `f`, and saves the memory of everything it computes in between (Chen et al. 2016, "Training
 * deep nets with sublinear memory cost"). Outside a recording it just runs `f`.
 *
 * @param f Computes from the tensors it is handed, which stand for `inputs`: on the second run the originals may be gone.
 * `replaying` is false on the first run and true on the second, which must draw the same random numbers and update no
 * buffers.
 * @param inputs Tensors that `f` depends on and that were computed before it.
 * @param sources Parameters that `f` depends on. Read after the first run, which may add those that it came across.
 * @param around Called in the walk backwards with what runs `f` a second time and walks back over it: the place to fetch
 * what the second run needs, and to collect what it leaves. Default: just runs it.
 */
export function recompute<T>(
  f: (inputs: readonly Tensor[], replaying: boolean) => T,
  inputs: readonly Tensor[],
  sources: readonly Tensor[],
  around: (replay: () => void) => void = (replay) => replay(),
): T {
  const engine = internals()
  const outputs = untaped(() => f(inputs, false))
  if (!isRecording()) return outputs

  const recorder = activeRecorder(engine.state)
  const isWanted = (tensor: Tensor): boolean =>
    isDifferentiable(tensor) && (recorder === null || recorder.slots.has(tensor.id))
  const operands: Record<string, Tensor> = {}
  const seen = new Set<number>()
  const add = (key: string, tensor: Tensor): void => {
    if (!isWanted(tensor) || seen.has(tensor.id)) return
    seen.add(tensor.id)
    operands[key] = tensor
  }
  for (const [i, tensor] of inputs.entries()) add(`input ${i}`, tensor)
  for (const [i, tensor] of sources.entries()) add(`source ${i}`, tensor)
  if (seen.size === 0) return outputs

  const saved = inputs.map((tensor) => engine.clone(tensor))
  for (const tensor of saved) engine.keep(tensor)
  const replay = replayer(f, operands, inputs.length, around)
  engine.addTapeNode('Recompute', operands, tensorsIn(outputs), replay, saved, {})
  return outputs
}

/** The gradient function of a recomputed unit: records it again, walks that tape at once, and hands the gradients on. */
function replayer<T>(
  f: (inputs: readonly Tensor[], replaying: boolean) => T,
  operands: Record<string, Tensor>,
  inputCount: number,
  around: (replay: () => void) => void,
): GradientFunction {
  const keys = Object.keys(operands)
  return (dy, saved) => {
    const inputs = saved.slice(0, inputCount)
    const wanted = keys.map((key) =>
      key.startsWith('input ') ? (inputs[Number(key.slice(6))] as Tensor) : operands[key],
    )
    const gradients = new Map<string, Tensor>()
    around(() => {
      const tape = record(() => f(inputs, true), wanted as Tensor[])
      try {
        const outputGradients = (Array.isArray(dy) ? dy : [dy]).map((gradient, i) => {
          const output = tape.tensors[i]
          return output !== undefined && isDifferentiable(output) ? gradient : null
        })
        tape.backward(outputGradients, (_, gradient, i) => gradients.set(keys[i] as string, adopt(gradient)))
      } finally {
        tape.dispose()
      }
    })
    const thunk = (key: string) => (): Tensor => gradients.get(key) ?? zerosLike(operands[key] as Tensor)
    return Object.fromEntries(keys.map((key) => [key, thunk(key)]))
  }
}
