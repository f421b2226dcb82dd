// As for LevinError: a strategy may have been built against another copy of core than what runs its steps.
const MARK = Symbol.for('levin.step-exit')

/**
 * Thrown by an interceptor to leave a step where it is, as the first stage of a pipeline does at its cut. Layers let it pass as it
 * is; whoever runs the step catches it.
 *
 * @example
 * const intercept: CallInterceptor = (layer, input, _step, next) => {
 *   if (layer.path === cut) throw new StepExit(input)
 *   return next(input)
 * }
 */
export class StepExit<T = unknown> extends Error {
  override readonly name = 'StepExit'
  /** What the step had come to. */
  readonly value: T

  constructor(value: T) {
    super('The step was left before its end. Nobody who runs steps has caught this.')
    this.value = value
    Object.defineProperty(this, MARK, { value: true })
  }

  static isInstance(error: unknown): error is StepExit {
    return typeof error === 'object' && error !== null && MARK in error
  }
}
