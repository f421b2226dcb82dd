import type { ProcessGroup } from '@levin/core'

/**
 * Plain data over a process group, as JSON in which numbers keep what JSON lacks: NaN, infinities and -0. Every rank takes
 * part; what differs in length is padded by nothing, since the lengths travel first.
 */
export async function gatherData<T>(group: ProcessGroup, value: T): Promise<T[]> {
  const own = encode(value)
  const lengths = new Int32Array(group.size)
  await all(group, (collectives) => collectives.allGather(Int32Array.of(own.length), lengths))
  const counts = [...lengths]
  const bytes = new Uint8Array(counts.reduce((sum, count) => sum + count, 0))
  await all(group, (collectives) => collectives.allGather(own, bytes, counts))
  let at = 0
  return counts.map((count) => {
    at += count
    return decode(bytes.subarray(at - count, at)) as T
  })
}

/** The value of rank `source`, on all ranks. */
export async function broadcastData<T>(group: ProcessGroup, value: T, source: number): Promise<T> {
  const own = group.rank === source ? encode(value) : new Uint8Array(0)
  const length = Int32Array.of(own.length)
  await all(group, (collectives) => collectives.broadcast(length, source))
  const bytes = group.rank === source ? own : new Uint8Array(length[0] as number)
  await all(group, (collectives) => collectives.broadcast(bytes, source))
  return decode(bytes) as T
}

/** Collectives in either form. */
export type AnyCollectives = ProcessGroup['asynchronous'] | NonNullable<ProcessGroup['blocking']>

/** Blocking where a rank may block: the others are at the same place, and a turn of the event loop costs more than the wait. */
export function all(
  group: ProcessGroup,
  run: (collectives: AnyCollectives) => void | Promise<void>,
): void | Promise<void> {
  return run(group.blocking ?? group.asynchronous)
}

const SPECIAL = 'levin:number'

const encode = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(
    JSON.stringify(value === undefined ? null : { value }, (_key, item: unknown) =>
      typeof item === 'number' && (!Number.isFinite(item) || Object.is(item, -0))
        ? { [SPECIAL]: Object.is(item, -0) ? '-0' : String(item) }
        : item,
    ),
  )

function decode(bytes: Uint8Array): unknown {
  // A copy: a decoder refuses memory that is shared.
  const text = new TextDecoder().decode(Uint8Array.from(bytes))
  const parsed = JSON.parse(text, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && SPECIAL in item ? Number(item[SPECIAL]) : item,
  ) as { value: unknown } | null
  return parsed === null ? undefined : parsed.value
}
