import { Tensor } from '@tensorflow/tfjs-core'

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}

/** The tensors of a nested value, in order of appearance; one that appears twice is listed twice. */
export function tensorsIn(value: unknown, into: Tensor[] = []): Tensor[] {
  if (isTensor(value)) into.push(value)
  else if (Array.isArray(value)) for (const item of value) tensorsIn(item, into)
  else if (isPlainObject(value)) for (const key in value) tensorsIn(value[key], into)
  return into
}

/** The nested value with each tensor replaced; arrays and objects that hold none are kept as they are. */
export function mapTensors<T>(value: T, replace: (tensor: Tensor) => Tensor): T {
  return map(value, replace) as T
}

function map(value: unknown, replace: (tensor: Tensor) => Tensor): unknown {
  if (isTensor(value)) return replace(value)
  if (Array.isArray(value)) return value.map((item) => map(item, replace))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item, replace)]))
}

/** Disposes every tensor of a nested value. Disposing twice does nothing. */
export function disposeAll(value: unknown): void {
  for (const tensor of tensorsIn(value)) tensor.dispose()
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
