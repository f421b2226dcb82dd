import type { Rank, Tensor, Variable } from '@tensorflow/tfjs-core'
import { LevinError } from './errors.js'
import type { Initializer } from './initializers.js'
import { values } from './initializers.js'
import type { ParameterSplit } from './parameter-split.js'
import { type MaterialiseOptions, type Shard, StoredTensor } from './stored-tensor.js'

export interface ParameterOptions {
  /** Whether optimizers change it. Default `true`. */
  trainable?: boolean
  /** Whether weight decay applies when an optimizer sorts by it: `false` for biases and norms. Default: more than one axis. */
  decay?: boolean
}

/** A tensor that training changes: a declaration first, a value once the device is there. */
export class Parameter<R extends Rank = Rank> extends StoredTensor<R> {
  /** Whether optimizers change it. Read at the start of each window. */
  trainable: boolean
  readonly decay: boolean
  /** How ranks that share its layer divide it. Set by the layer when it is told to be shared. Absent: each holds all of it. */
  split: ParameterSplit | undefined = undefined

  constructor(shape: readonly number[], initializer: Initializer, { trainable = true, decay }: ParameterOptions = {}) {
    super(shape, initializer)
    this.trainable = trainable
    this.decay = decay ?? shape.length > 1
  }

  /** Whether it may be held in parts. */
  get canShard(): boolean {
    return true
  }
}

const WRAPPED = new WeakMap<Variable, VariableParameter>()

/** A `tf.Variable` of the user's as a parameter. It has its value already and cannot be sharded. */
export class VariableParameter extends Parameter {
  readonly variable: Variable

  private constructor(variable: Variable) {
    super(variable.shape, values([]), { trainable: variable.trainable })
    this.variable = variable
  }

  /** The same parameter for the same variable, always. */
  static of(variable: Variable): VariableParameter {
    const known = WRAPPED.get(variable)
    if (known) return known
    if (variable.dtype !== 'float32') {
      throw new LevinError('LEVIN_SHAPE', { expected: 'tf.Variable fields of dtype float32', found: variable.dtype })
    }
    const parameter = new VariableParameter(variable)
    WRAPPED.set(variable, parameter)
    return parameter
  }

  override get canShard(): boolean {
    return false
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
      message: `'${this.path}' is a tf.Variable and cannot be sharded: its values exist whole already.`,
      remedy: 'Declare it as a Parameter, or use a strategy that does not shard.',
    })
  }
}
