/**
 * Every way in which levin refuses something. The codes are stable: programs may compare them.
 *
 * Third parties add theirs by augmenting this interface; the value is a short description.
 */
export interface ErrorCodes {
  LEVIN_API_VERSION: 'a plugin written for another version of the contract'
  LEVIN_ASYNC_STEP: 'a step that returned a promise'
  LEVIN_BAD_OPTION: 'an option of the wrong type or outside its range'
  LEVIN_BATCH_SHAPE: 'a batch whose shape does not fit a layer'
  LEVIN_BUSY: 'a second run while one is going on in this thread'
  LEVIN_CALLBACK: 'a callback that threw'
  LEVIN_CHECKPOINT_CORRUPT: 'a checkpoint that is cut short, changed or incomplete'
  LEVIN_CHECKPOINT_EXISTS: 'a checkpoint where another one is that must not be replaced'
  LEVIN_CHECKPOINT_MISMATCH: 'a checkpoint of another model or optimizer'
  LEVIN_CHECKPOINT_NOT_FOUND: 'a checkpoint that is not there'
  LEVIN_CHECKPOINT_VERSION: 'a checkpoint of a format that this version cannot read'
  LEVIN_CLUSTER: 'variables of a launcher that do not fit each other'
  LEVIN_COLLECTIVE: 'ranks that do not all call the same collective'
  LEVIN_DATA: 'a dataset, loader or sampler that cannot be used'
  LEVIN_DEVICE_LOST: 'a device that went away during a run'
  LEVIN_DISPOSED: 'something that was used after it had been disposed'
  LEVIN_DUPLICATE_PLUGIN: 'two plugins of one kind and name'
  LEVIN_EMPTY_LOADER: 'a loader that yields no batch'
  LEVIN_FILES: 'a file or folder that cannot be read or written'
  LEVIN_INVALID_LOSS: 'a training step that returned something else than a scalar loss'
  LEVIN_INVALID_MODULE: 'a module that lacks what the run needs'
  LEVIN_LOG: 'a value that cannot be logged, or a name logged in two ways'
  LEVIN_LOSS_NOT_CONNECTED: 'a loss that depends on no parameter'
  LEVIN_METRIC_NOT_FOUND: 'a metric to monitor that nobody logs'
  LEVIN_NON_FINITE_LOSS: 'a loss that is NaN or infinite'
  LEVIN_NOT_MATERIALISED: 'a parameter that was used before it had a value'
  LEVIN_NOT_SUPPORTED: 'a combination that cannot work'
  LEVIN_OUT_OF_MEMORY: 'an allocation that did not fit'
  LEVIN_RESERVED_NAME: 'the name of hardware that levin does not have'
  LEVIN_RUN_MODULE: 'a run module that cannot be used'
  LEVIN_SHAPE: 'a shape that does not fit'
  LEVIN_TAPE: 'a tape that was used in the wrong order'
  LEVIN_TIMEOUT: 'a wait that took longer than its deadline'
  LEVIN_UNAVAILABLE: 'a plugin that cannot run on this machine'
  LEVIN_UNKNOWN_PLUGIN: 'a name that no plugin has'
  LEVIN_WORKER_LOST: 'a worker that ended before its time'
}

export type ErrorCode = keyof ErrorCodes & string

export interface LevinErrorOptions {
  /** What would have been right. */
  expected?: string
  /** What was there instead. */
  found?: string
  /** What the reader can do about it. */
  remedy?: string
  /** The sentence to begin with. Default: made of `expected` and `found`. */
  message?: string
  cause?: unknown
}

// A registered symbol and not the class: a program may hold two copies of core, and `instanceof` would tell them apart.
const MARK = Symbol.for('levin.error')

/** An error that says what was expected, what was found and what to do, with a stable {@link ErrorCode}. */
export class LevinError extends Error {
  override readonly name = 'LevinError'
  readonly code: ErrorCode
  readonly expected: string | undefined
  readonly found: string | undefined
  readonly remedy: string | undefined

  constructor(code: ErrorCode, { expected, found, remedy, message, cause }: LevinErrorOptions) {
    super(sentence(message, expected, found, remedy), cause === undefined ? undefined : { cause })
    this.code = code
    this.expected = expected
    this.found = found
    this.remedy = remedy
    Object.defineProperty(this, MARK, { value: true })
  }

  /** Whether `error` is a levin error, from whichever copy of core, and of `code` if one is given. */
  static isInstance(error: unknown, code?: ErrorCode): error is LevinError {
    if (typeof error !== 'object' || error === null || !(MARK in error)) return false
    return code === undefined || (error as object as LevinError).code === code
  }
}

function sentence(message?: string, expected?: string, found?: string, remedy?: string): string {
  const parts = [message, expected && `Expected ${expected}${found ? `, found ${found}` : ''}.`]
  if (!expected && found) parts.push(`Found ${found}.`)
  parts.push(remedy)
  return parts.filter(Boolean).join(' ')
}

/** A short rendering of any value for an error message: types and shapes rather than contents. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}…` : value}'`
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function'
  if (typeof value !== 'object') return String(value)
  if (isTensorLike(value)) return `${withArticle(value.dtype)} tensor of shape [${value.shape.join(', ')}]`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof (value as PromiseLike<unknown>).then === 'function') return 'a Promise'
  const type = Object.getPrototypeOf(value)?.constructor?.name
  if (type && type !== 'Object') return withArticle(type)
  const keys = Object.keys(value)
  return keys.length ? `an object with ${keys.slice(0, 6).join(', ')}` : 'an empty object'
}

/** `a number`, `an object` */
export const withArticle = (noun: string): string => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`

function isTensorLike(value: object): value is { dtype: string; shape: readonly number[] } {
  return 'dtype' in value && 'shape' in value && Array.isArray(value.shape)
}
