import { assignPaths, LevinError, type Module, type ProcessGroup, type StoredTensor } from '@levin/core'
import { all, gatherData } from './plain-data.js'
import type { TensorAccess } from './tensor-access.js'

/**
 * Gives a module the same values on all ranks. What is a function of the seed every rank computes for itself; what had a value
 * before, as weights that a constructor loaded and plain variables do, is rank 0's. Then all compare what they hold.
 *
 * @throws LEVIN_INVALID_MODULE naming what differs between ranks
 */
export async function materialiseReplica(
  module: Module,
  seed: number,
  group: ProcessGroup,
  access: TensorAccess,
): Promise<void> {
  const { parameters, buffers } = assignPaths(module)
  const stored: StoredTensor[] = [...parameters, ...buffers]
  const given = stored.filter(({ isMaterialised }) => isMaterialised)
  await requireSameStructure(stored, group)
  for (const each of stored) each.materialise({ seed })
  if (group.size === 1) return
  await broadcastValues(given, group, access)
  await requireSameValues(stored, group, access)
}

/** Hands the values of rank 0 to all. */
export async function broadcastValues(
  stored: readonly StoredTensor[],
  group: ProcessGroup,
  access: TensorAccess,
): Promise<void> {
  if (stored.length === 0) return
  const values = new Float32Array(stored.reduce((sum, { size }) => sum + size, 0))
  const parts = partsOf(stored, values)
  if (group.rank === 0) for (const [each, part] of parts) await access.read(each.value, part)
  await all(group, (collectives) => collectives.broadcast(values, 0))
  if (group.rank !== 0) for (const [each, part] of parts) replaceValue(each, part, access)
}

/** Gives a stored tensor other values: in its memory where that is possible. */
export function replaceValue(stored: StoredTensor, values: Float32Array, access: TensorAccess): void {
  const memory = access.ownMemory(stored.value)
  if (memory) memory.set(values)
  else stored.assign(access.upload(values, stored.layout.shape))
}

/** Each tensor with the part of a flat array that is its own. */
export function partsOf<T extends { readonly size: number }>(
  tensors: readonly T[],
  values: Float32Array,
): [tensor: T, part: Float32Array][] {
  let at = 0
  return tensors.map((tensor) => {
    at += tensor.size
    return [tensor, values.subarray(at - tensor.size, at)]
  })
}

/** The name, shape and kind of everything, compared by a digest: only ranks that differ exchange the lists themselves. */
export async function requireSameStructure(stored: readonly StoredTensor[], group: ProcessGroup): Promise<void> {
  const own = stored.map((each) => `${each.path} [${each.shape.join(', ')}]${each.isMaterialised ? ', given' : ''}`)
  const digest = digestOf(new TextEncoder().encode(own.join('\n')))
  const range = Int32Array.of(digest, -digest)
  await all(group, (collectives) => collectives.allReduce(range, 'max'))
  if (range[0] === -(range[1] as number)) return
  const lists = await gatherData(group, own)
  const first = lists[0] ?? []
  const rank = lists.findIndex((list) => list.join('\n') !== first.join('\n'))
  const other = lists[rank] ?? []
  const at = other.findIndex((line, index) => line !== first[index])
  throw differing(
    `rank 0 has ${first[at < 0 ? other.length : at] ?? 'nothing'} where rank ${rank} has ${other[at] ?? 'nothing'}`,
  )
}

/** @throws LEVIN_INVALID_MODULE naming what differs between ranks */
export async function requireSameValues(
  stored: readonly StoredTensor[],
  group: ProcessGroup,
  access: TensorAccess,
): Promise<void> {
  const digests = new Int32Array(2 * stored.length)
  for (const [index, { value }] of stored.entries()) {
    const values = new Float32Array(value.size)
    await access.read(value, values)
    digests[2 * index] = digestOf(new Int32Array(values.buffer))
    digests[2 * index + 1] = -(digests[2 * index] as number)
  }
  await all(group, (collectives) => collectives.allReduce(digests, 'max'))
  const differs = (index: number) => digests[2 * index] !== -(digests[2 * index + 1] as number)
  const names = stored.filter((_, index) => differs(index)).map(({ path }) => `'${path}'`)
  if (names.length === 0) return
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  throw differing(`${names.slice(0, 3).join(', ')}${more} ${names.length === 1 ? 'has' : 'have'} other values`)
}

const differing = (what: string): LevinError =>
  new LevinError('LEVIN_INVALID_MODULE', {
    message: `The module is not the same on all ranks: ${what}.`,
    remedy:
      'Make it from the same hyper-parameters everywhere, and its values from initialisers, which are functions of the seed, rather than from Math.random() or the rank.',
  })

/** MurmurHash3 (Appleby 2011) of words, in 31 bits: its negative is a number too. */
function digestOf(words: ArrayLike<number>): number {
  let hash = 0
  for (let i = 0; i < words.length; i++) {
    const word = Math.imul(words[i] as number, 0xcc9e2d51)
    hash ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) & 0x7fffffff
}
