import type { Module, ProcessGroup, Shard, StoredTensor } from '@levin/core'
import { reshape, slice, tidy } from '@tensorflow/tfjs-core'
import { refuseParts } from '../group/refuse-parts.js'
import { broadcastValues, requireSameStructure } from '../group/same-module.js'
import type { TensorAccess } from '../group/tensor-access.js'
import type { Holdings } from './holdings.js'

/**
 * Gives a module what this rank holds of it. What is a function of the seed every rank computes for its part alone; what had a value
 * before, as weights that a constructor loaded, is cut out of rank 0's.
 */
export async function materialiseParts(
  module: Module,
  holdings: Holdings,
  { seed, world, access }: { seed: number; world: ProcessGroup; access: TensorAccess },
): Promise<void> {
  const stored: StoredTensor[] = [...module.parameters(), ...module.buffers()]
  await requireSameStructure(stored, world)
  const given = stored.filter(({ isMaterialised }) => isMaterialised)
  const whole = given.filter(({ shard }) => shard === undefined)
  if (world.size > 1) await broadcastValues(whole, world, access)
  for (const each of stored) place(each, holdings.shardOf(each), seed)
}

function place(stored: StoredTensor, shard: Shard | undefined, seed: number): void {
  if (!stored.isMaterialised) stored.materialise({ seed, shard })
  else if (!sameShard(stored.shard, shard)) {
    if (stored.shard || !shard) throw refuseParts(stored)
    stored.exchange(shard, cut(stored, shard)).dispose()
  }
}

function cut({ value }: StoredTensor, { start, shape, flat }: Shard) {
  return tidy(() =>
    flat
      ? slice(reshape(value, [value.size]), [...start], [...shape])
      : slice(value, start as [number], shape as [number]),
  )
}

const sameShard = (a: Shard | undefined, b: Shard | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)
