/** A heap of WebAssembly cannot change hands, and is told from other buffers by its size alone: whole pages. */
const PAGE = 65_536

/** Buffers of the typed arrays in plain data that may change hands instead of being copied. */
export function transferable(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value
    // A view of a part belongs to somebody who has the rest.
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength
    if (whole && byteLength % PAGE !== 0) found.add(buffer)
  } else if (Array.isArray(value)) {
    for (const item of value) transferable(item, found)
  } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) transferable(item, found)
  }
  return found
}
