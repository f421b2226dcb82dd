import { type Accelerator, type Parameter, type ProcessGroup, type Replicas, SoloGroup } from '@levin/core'
import { replicasOf } from '../group/group-replicas.js'
import type { AnyCollectives } from '../group/plain-data.js'
import { drive, type Task } from '../group/task.js'
import { TensorAccess } from '../group/tensor-access.js'
import { Bfloat16Sums } from './bfloat16.js'
import { GradientReducer } from './gradient-reducer.js'
import { LocalRounds } from './local-rounds.js'
import { APPROXIMATION_RANK, type DdpOptions, START_STEP } from './options.js'
import { PowerSgd } from './power-sgd.js'
import { exactSums, type Sums } from './sums.js'
import { WindowGradients } from './window-gradients.js'

const BUCKET_BYTES = 25 * 2 ** 20

/** Lists of parameters that are trained by turns, as by the optimizers of a GAN. Others make room for them. */
const MOST_LISTS = 8

interface Prepared {
  readonly gradients: WindowGradients
  readonly approximates: boolean
  readonly blocks: boolean
}

/** What a rank of {@link DataParallel} works with, from setup to teardown. */
export class DdpEngine {
  readonly access: TensorAccess
  readonly replicas: Replicas | undefined
  /** Ranks train alone, and meet after so many updates. */
  readonly rounds: LocalRounds | undefined
  /** The ranks that share a window. */
  readonly #group: ProcessGroup
  readonly #collectives: AnyCollectives
  readonly #options: DdpOptions
  readonly #sums: Sums
  readonly #powerSgd: PowerSgd | undefined
  readonly #startStep: number
  readonly #isPart: boolean
  #prepared: Prepared[] = []

  constructor(options: DdpOptions, group: ProcessGroup, accelerator: Accelerator) {
    const { compression, localSteps, outer, bucketBytes = BUCKET_BYTES } = options
    this.#options = options
    this.access = new TensorAccess(accelerator)
    this.#collectives = group.blocking ?? group.asynchronous
    this.rounds =
      localSteps === undefined ? undefined : new LocalRounds({ localSteps, outer, bucketBytes }, group, this.access)
    this.#group = this.rounds ? new SoloGroup() : group
    this.replicas = replicasOf(this.#group, accelerator.capabilities.hostMemory)
    this.#sums = compression === 'bf16' ? new Bfloat16Sums() : exactSums
    const approximation = typeof compression === 'object' && group.size > 1 ? compression : undefined
    const { rank = APPROXIMATION_RANK, minCompressionRate = 2, startStep = START_STEP } = approximation ?? {}
    this.#powerSgd = approximation && new PowerSgd({ rank, minCompressionRate }, this.access)
    this.#startStep = startStep
    this.#isPart = group.size > 1
  }

  /** Gradients can be summed within a call. */
  get blocksAtWill(): boolean {
    return this.#group.blocking !== undefined && this.access.isSynchronous
  }

  get blocking(): AnyCollectives {
    return this.#group.blocking ?? this.#group.asynchronous
  }

  run<T>(task: Task<T>): T | Promise<T> {
    return drive(task, this.#collectives)
  }

  /**
   * The gradients of these parameters, prepared once.
   *
   * @param blocks sum them within a call. Default: where nothing goes on beside the walk anyway.
   */
  gradientsOf(
    parameters: readonly Parameter[],
    globalStep: number,
    blocks = this.blocksAtWill && !this.#group.overlaps,
  ): WindowGradients {
    const approximates = this.#powerSgd !== undefined && globalStep >= this.#startStep
    const found = this.#prepared.find(
      (each) =>
        each.approximates === approximates && each.blocks === blocks && each.gradients.reducer.isFor(parameters),
    )
    if (found) return found.gradients
    const { bucketBytes = BUCKET_BYTES } = this.#options
    const [group, access, sums, powerSgd] = [
      this.#group,
      this.access,
      this.#sums,
      approximates ? this.#powerSgd : undefined,
    ]
    const reducer = new GradientReducer(parameters, { group, access, sums, powerSgd, bucketBytes, blocks })
    const gradients = new WindowGradients(reducer, { ranks: group.size, isPart: this.#isPart })
    this.#prepared = [{ gradients, approximates, blocks }, ...this.#prepared.slice(0, MOST_LISTS - 1)]
    return gradients
  }

  dispose(): void {
    for (const { gradients } of this.#prepared) gradients.release()
    this.#prepared = []
    this.#powerSgd?.dispose()
  }
}
