import { type ErrorCode, LevinError } from '@levin/core'

/** An error on its way from a rank to whoever launched it. Plain data. */
export interface PortableError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | undefined
  /** Which part of a {@link LevinError} it had. */
  readonly parts: { readonly expected?: string; readonly found?: string; readonly remedy?: string } | undefined
  readonly cause: PortableError | undefined
}

export function toPortable(error: unknown, depth = 0): PortableError {
  if (!(error instanceof Error)) {
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      code: undefined,
      parts: undefined,
      cause: undefined,
    }
  }
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  const { expected, found, remedy } = error as Partial<LevinError>
  return {
    name,
    message,
    stack,
    code: typeof code === 'string' ? code : undefined,
    parts: LevinError.isInstance(error)
      ? { ...(expected && { expected }), ...(found && { found }), ...(remedy && { remedy }) }
      : undefined,
    cause: cause === undefined || depth === 3 ? undefined : toPortable(cause, depth + 1),
  }
}

/**
 * The error again, as it was but for its class where that is not levin's own.
 *
 * @param prefix of the message: which rank
 */
export function fromPortable({ name, message, stack, code, parts, cause }: PortableError, prefix = ''): Error {
  const inner = cause && fromPortable(cause)
  const text = prefix + message
  const error = parts
    ? Object.assign(new LevinError(code as ErrorCode, { message: text, ...(inner ? { cause: inner } : {}) }), parts)
    : Object.assign(new Error(text, inner ? { cause: inner } : {}), { name, ...(code === undefined ? {} : { code }) })
  // Where it happened, and not where it was put together again. A stack begins with the message.
  const value = stack?.replace(message, () => text)
  if (value !== undefined) Object.defineProperty(error, 'stack', { value, configurable: true, writable: true })
  return error
}
