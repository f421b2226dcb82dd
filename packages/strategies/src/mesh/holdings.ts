import {
  type Buffer,
  LevinError,
  type Module,
  Parameter,
  type ProcessGroup,
  type Shard,
  type StoredTensor,
  splitShard,
} from '@levin/core'
import type { StageSteps } from '../pipeline/stage-pass.js'

/** Parameters that several ranks of a pipeline hold, such as a table that is the output's weight too. */
export interface TiedParameters {
  readonly parameters: readonly Parameter[]
  /** The ranks that hold them. */
  readonly group: ProcessGroup
}

export interface HoldingRank {
  /** Absent: there is one stage, which has everything. */
  readonly stages: StageSteps | undefined
  readonly pipeline: ProcessGroup
  readonly tensor: { readonly index: number; readonly count: number }
}

/** What one rank of a mesh holds of a module. */
export class Holdings {
  readonly parameters: readonly Parameter[]
  readonly buffers: readonly Buffer[]
  /** Those that other ranks of the pipeline hold too. */
  readonly tied: readonly TiedParameters[]
  readonly #held: ReadonlySet<StoredTensor>
  readonly #tensor: HoldingRank['tensor']

  private constructor(
    module: Module,
    { tensor }: HoldingRank,
    held: ReadonlySet<StoredTensor>,
    tied: readonly TiedParameters[],
  ) {
    this.#held = held
    this.#tensor = tensor
    this.tied = tied
    this.parameters = module.parameters().filter((parameter) => held.has(parameter))
    this.buffers = module.buffers().filter((buffer) => held.has(buffer))
  }

  /** All ranks of the pipeline take part. */
  static async of(module: Module, rank: HoldingRank): Promise<Holdings> {
    const { stages, pipeline } = rank
    const stored = [...module.parameters(), ...module.buffers()]
    if (!stages || pipeline.size === 1) return new Holdings(module, rank, new Set(stored), [])
    const holders = holdersOf(stored, stages, pipeline.size)
    const held = new Set(stored.filter((each) => holders.get(each)?.has(pipeline.rank)))
    return new Holdings(module, rank, held, await tiedGroups(module.parameters(), holders, pipeline))
  }

  has(stored: StoredTensor): boolean {
    return this.#held.has(stored)
  }

  /** What this rank holds of it. `undefined`: all. */
  shardOf(stored: StoredTensor): Shard | undefined {
    if (!this.has(stored)) return nothingOf(stored)
    if (!(stored instanceof Parameter) || !stored.split || this.#tensor.count === 1) return undefined
    return splitShard(stored, stored.split, this.#tensor.index, this.#tensor.count)
  }

  /** From now on a step that reads what is on other ranks alone fails by saying so: it would compute with nothing. */
  guard(module: Module, stages: StageSteps): void {
    for (const stored of [...module.parameters(), ...module.buffers()]) {
      if (this.has(stored)) continue
      stored.lendBy((held) => {
        if (stages.running !== undefined) throw readElsewhere(stored, stages.running)
        return held
      })
    }
  }

  /** Whether this rank is the first of the pipeline that holds it: of sums over all parameters it counts once. */
  countsHere(parameter: Parameter): boolean {
    const tied = this.tied.find(({ parameters }) => parameters.includes(parameter))
    return tied === undefined || tied.group.rank === 0
  }
}

/** No elements, for what other ranks hold: its first axis has size 0. */
export const nothingOf = ({ shape }: StoredTensor): Shard =>
  shape.length === 0
    ? { start: [0], shape: [0], flat: true }
    : { start: shape.map(() => 0), shape: [0, ...shape.slice(1)] }

// --- Internal helpers ---

/** The ranks of the pipeline that need it. What belongs to no stage is needed by all. */
function holdersOf(
  stored: readonly StoredTensor[],
  stages: StageSteps,
  ranks: number,
): ReadonlyMap<StoredTensor, ReadonlySet<number>> {
  const holders = new Map<StoredTensor, Set<number>>(stored.map((each) => [each, new Set()]))
  for (let stage = 0; stage < stages.stages; stage++) {
    for (const layer of stages.layersOf(stage))
      for (const each of [...layer.parameters(), ...layer.buffers()]) holders.get(each)?.add(stage % ranks)
  }
  const all = Array.from({ length: ranks }, (_, rank) => rank)
  for (const ranksOf of holders.values()) if (ranksOf.size === 0) for (const rank of all) ranksOf.add(rank)
  return holders
}

/** A group for each set of ranks that hold something together. Every rank takes part in making each. */
async function tiedGroups(
  parameters: readonly Parameter[],
  holders: ReadonlyMap<StoredTensor, ReadonlySet<number>>,
  pipeline: ProcessGroup,
): Promise<TiedParameters[]> {
  const sets = new Map<string, { readonly ranks: ReadonlySet<number>; readonly parameters: Parameter[] }>()
  for (const parameter of parameters) {
    const ranks = holders.get(parameter) as ReadonlySet<number>
    if (ranks.size < 2) continue
    const key = [...ranks].sort((a, b) => a - b).join()
    const set = sets.get(key) ?? { ranks, parameters: [] }
    set.parameters.push(parameter)
    sets.set(key, set)
  }
  const tied: TiedParameters[] = []
  for (const { ranks, parameters } of sets.values()) {
    const group = await pipeline.split(ranks.has(pipeline.rank) ? 0 : 1)
    if (ranks.has(pipeline.rank)) tied.push({ parameters, group })
    else await group.destroy()
  }
  return tied
}

const readElsewhere = ({ path }: StoredTensor, stage: number): LevinError =>
  new LevinError('LEVIN_INVALID_MODULE', {
    message: `'${path}' is read in stage ${stage} of the pipeline, and other stages have it.`,
    expected: 'a step to read parameters in the layers that hold them',
    found: 'one that is read outside of them',
    remedy:
      'Name in stages() a layer that holds it too, in a field, and reads it: then both stages have it, and stay alike.',
  })
