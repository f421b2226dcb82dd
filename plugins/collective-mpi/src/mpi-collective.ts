import type { ProcessGroup, ProcessGroupFactory, RankDescription } from '@levin/core'
import { type CountLimits, MPI_LIMITS } from './group/collective.js'
import { MpiGroup } from './group/mpi-group.js'
import { joinWorld, startWorld, type WorldOptions } from './start-world.js'
import type { World } from './world.js'

/** Ten minutes: longer than any step, shorter than a night. */
const DEADLINE = 600_000
/** Long enough for a machine that is short of processors, short enough for somebody who waits. */
const SILENCE = 5_000

export interface MpiOptions {
  /**
   * The library: a path, or a name that the system's loader knows. Default: what the environment variable `LEVIN_MPI` names, and
   * else the one that belongs to the launcher.
   */
  readonly library?: string
  /** Milliseconds without a sign of life after which a rank counts as lost. Default 5,000. */
  readonly silence?: number
  /**
   * The address at which the host of rank 0 is watched from, where processes run on several hosts. Default: whichever of its
   * addresses the others reach first.
   */
  readonly address?: string
}

// MPI begins once per process, whichever copy or instance of the plugin asks.
let world: Promise<World> | undefined

/** Connects processes that `mpirun`, `mpiexec` or `srun` has started. */
export class MpiCollective implements ProcessGroupFactory {
  readonly name = 'mpi'
  readonly #options: WorldOptions
  readonly #limits: CountLimits

  /** @param limits what fits into one call of MPI; tests have smaller ones */
  constructor({ library, silence = SILENCE, address }: MpiOptions = {}, limits: CountLimits = MPI_LIMITS) {
    this.#options = { library, silence, address }
    this.#limits = limits
  }

  async connect(
    rank: RankDescription,
    options: { readonly deadline?: number | undefined } = {},
  ): Promise<ProcessGroup> {
    const groupOptions = { deadline: options.deadline ?? DEADLINE, limits: this.#limits }
    if (world) return new MpiGroup(await (await world).everybody(groupOptions.deadline), groupOptions)
    world = startWorld(rank, this.#options)
    return joinWorld(await world, groupOptions)
  }
}
