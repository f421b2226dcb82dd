import { Buffer, constant, LevinError, type MaterialiseOptions, type Shard } from '@levin/core'
import type { Tensor, Variable } from '@tensorflow/tfjs-core'

/** A `tf.Variable` that a tfjs-layers model keeps besides its weights, such as moving averages. */
export class VariableBuffer extends Buffer {
  readonly variable: Variable

  constructor(variable: Variable) {
    super(variable.shape, constant(0))
    this.variable = variable
  }

  override get isMaterialised(): boolean {
    return !this.variable.isDisposed
  }

  override get value(): Tensor {
    return this.variable
  }

  override materialise({ shard }: MaterialiseOptions): void {
    if (shard) throw this.#unshardable()
  }

  override assign(value: Tensor): void {
    this.requireShape(value.shape)
    if (value === this.variable) return
    this.variable.assign(value)
    value.dispose()
  }

  override reshard(_shard: Shard | undefined, _value: Tensor): void {
    throw this.#unshardable()
  }

  override dispose(): void {
    this.variable.dispose()
  }

  #unshardable(): LevinError {
    return new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `'${this.path}' belongs to a tfjs-layers model and cannot be sharded: its values exist whole already.`,
      remedy: 'Build the model of @levin/nn layers, or use a strategy that does not shard.',
    })
  }
}
