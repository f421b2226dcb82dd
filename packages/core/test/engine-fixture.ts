import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { expect } from 'vitest'
import { internals } from '../src/engine/internals.js'
import { disposeAll, engineMemory, type OutputGradients, record, type Tape } from '../src/engine.js'
import { LevinError } from '../src/errors.js'

export function normal<R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number): tf.Tensor<R> {
  return tf.randomNormal(shape, 0, 1, 'float32', seed)
}

export function values(tensor: tf.Tensor): number[] {
  return Array.from(tensor.dataSync())
}

/** The gradients of a tape by source, as arrays; the tensors are disposed. */
export function gradientsOf<T>(tape: Tape<T>, sources: readonly tf.Tensor[], outputGradients?: OutputGradients) {
  const gradients: (number[] | undefined)[] = sources.map(() => undefined)
  tape.backward(outputGradients, (_source, gradient, index) => {
    expect(gradients[index]).toBeUndefined()
    gradients[index] = values(gradient)
    gradient.dispose()
  })
  return gradients
}

/** Record, walk, dispose. */
export function gradients(f: () => tf.Tensor, sources: readonly tf.Tensor[]) {
  const tape = record(f, sources)
  const found = gradientsOf(tape, sources)
  tape.dispose()
  return found
}

/** What tfjs itself finds, as arrays in the order of the variables. */
export function reference(f: () => tf.Tensor, variables: readonly tf.Variable[]) {
  const { value, grads } = tf.variableGrads(f as () => tf.Scalar, [...variables])
  const found = variables.map(({ name }) => (grads[name] ? values(grads[name]) : undefined))
  value.dispose()
  disposeAll(grads)
  return found
}

/** Central differences in float64 steps of float32 arithmetic: good to about three digits. */
export function numericGradient(f: () => tf.Tensor, variable: tf.Variable, step = 1e-2): number[] {
  const start = variable.dataSync().slice()
  const at = (index: number, offset: number): number => {
    const moved = Float32Array.from(start)
    moved[index] = (moved[index] as number) + offset
    return tf.tidy(() => {
      variable.assign(tf.tensor(moved, variable.shape))
      return f().dataSync()[0] as number
    })
  }
  const found = Array.from(start, (_, i) => (at(i, step) - at(i, -step)) / (2 * step))
  tf.tidy(() => variable.assign(tf.tensor(start, variable.shape)))
  return found
}

/** Everything of tfjs's engine that must be as it was, whatever happened. */
export function engineSnapshot() {
  const { activeTape, gradientDepth, kernelDepth, scopeStack } = internals().state
  return { ...engineMemory(), activeTape: activeTape ?? null, gradientDepth, kernelDepth, scopes: scopeStack.length }
}

/** What `run` throws, which must be a levin error of this code. */
export function refusal(code: string, run: () => unknown): LevinError {
  try {
    run()
  } catch (error) {
    expect(LevinError.isInstance(error) && error.code).toBe(code)
    return error as LevinError
  }
  throw new Error(`expected a ${code}`)
}
