/** Buffers of the typed arrays in plain data, which may change hands instead of being copied. */
export function buffersIn(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value
    // A view of a part belongs to somebody who has the rest.
    if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength > 0) found.add(buffer)
  } else if (Array.isArray(value)) {
    for (const item of value) buffersIn(item, found)
  } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) buffersIn(item, found)
  }
  return found
}

/**
 * Posts plain data for good: its buffers go along where they can. A wasm heap's cannot, and cannot be told by its looks; then
 * everything is copied.
 */
export function postForGood(post: (message: unknown, transfer: ArrayBuffer[]) => void, message: unknown): void {
  try {
    post(message, [...buffersIn(message)])
  } catch {
    // Nothing has been detached: what cannot be transferred is found first.
    post(message, [])
  }
}
