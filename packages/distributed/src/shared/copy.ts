/** Copies all of `source` into `target`, from byte `at` on. One of the two is memory that threads share. */
export type Copy = (target: Uint8Array, source: Uint8Array, at: number) => void

interface NodeBuffer {
  readonly prototype: { fill(this: Uint8Array, value: Uint8Array, start?: number, end?: number): unknown }
}

/** Below this many bytes a call into Node costs more than it saves. */
const SMALL = 1024

/**
 * V8 moves shared memory in `set` word by word, as if another thread might write at the same time: 34 GB/s out of the cache,
 * where the C library moves 130. Node's `fill` of a buffer with the bytes of another is the C library's `memcpy`, whatever the
 * memory. Nobody else writes meanwhile: ranks meet before they read each other.
 *
 * @param Buffer Node's, if it is here
 * @param versions of the engine; those that only take after Node have `fill` as a loop
 */
export function copyFor(Buffer: NodeBuffer | undefined, versions: Readonly<Record<string, string | undefined>>): Copy {
  if (!Buffer || !versions['node'] || versions['deno'] || versions['bun']) {
    return (target, source, at) => target.set(source, at)
  }
  const { fill } = Buffer.prototype
  return (target, source, at) => {
    if (source.length < SMALL) target.set(source, at)
    // Without a range there is less to check.
    else if (source.length === target.length) fill.call(target, source)
    else fill.call(target, source, at, at + source.length)
  }
}

const { Buffer, process } = globalThis as {
  readonly Buffer?: NodeBuffer
  readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> }
}

/** The fastest way that there is here. */
export const copy: Copy = copyFor(Buffer, process?.versions ?? {})
