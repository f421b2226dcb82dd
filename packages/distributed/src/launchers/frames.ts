import type { Socket } from 'node:net'
import { requireBuiltin } from '../node-builtins.js'

/** Writes plain data, typed arrays among it, as one frame: its length in 4 bytes, then what `v8.serialize` makes of it. */
export function writeFrame(socket: Socket, value: unknown): void {
  const body = requireBuiltin('node:v8').serialize(value)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, body.length)
  socket.write(length)
  socket.write(body)
}

/** Calls `take` for each frame that arrives whole. */
export function readFrames(socket: Socket, take: (value: unknown) => void): void {
  const { deserialize } = requireBuiltin('node:v8')
  let parts: Uint8Array[] = []
  let size = 0
  socket.on('data', (chunk: Uint8Array) => {
    parts.push(chunk)
    size += chunk.length
    let length = lengthOf(parts)
    while (length !== undefined && size >= 4 + length) {
      const all = joined(parts, size)
      take(deserialize(all.subarray(4, 4 + length)))
      parts = [all.subarray(4 + length)]
      size -= 4 + length
      length = lengthOf(parts)
    }
  })
}

function lengthOf(parts: Uint8Array[]): number | undefined {
  if (parts.reduce((sum, part) => sum + part.length, 0) < 4) return undefined
  const head = joined(parts, 4)
  return new DataView(head.buffer, head.byteOffset).getUint32(0)
}

/** The first `size` bytes in one piece. */
function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts
  if (first && first.length >= size) return first
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    if (at === size) break
    const piece = part.subarray(0, size - at)
    all.set(piece, at)
    at += piece.length
  }
  return all
}
