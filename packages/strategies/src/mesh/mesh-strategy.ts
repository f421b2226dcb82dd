import {
  assignPaths,
  type Buffer,
  type DataShard,
  type Gradients,
  type LayerSharing,
  LevinError,
  loadWholeModel,
  type Module,
  type Optimizer,
  type OptimizerState,
  type Parameter,
  type Replicas,
  readOptimizerSlots,
  type Strategy,
  type StrategyCapabilities,
  type StrategySetup,
  type TensorRecord,
  type TrainingWindow,
  type WindowResult,
} from '@levin/core'
import { GroupMember } from '../group/group-member.js'
import { replicasOf } from '../group/group-replicas.js'
import { requireOwnClippingAbsent } from '../group/own-clipping.js'
import { rankDevice } from '../group/rank-device.js'
import { broadcastValues, requireSameValues } from '../group/same-module.js'
import { TensorAccess } from '../group/tensor-access.js'
import { MeshClipping } from './clipping.js'
import { divideBatch } from './divide-batch.js'
import { joinGroups, type MeshGroups } from './groups.js'
import { Holdings, nothingOf } from './holdings.js'
import { requireNoIdleOptions } from './idle-options.js'
import { type Axis, type AxisNumbers, axisSizes, placeOf, speaks } from './layout.js'
import { materialiseParts } from './materialise.js'
import type { MeshAxes, ResolvedMeshOptions } from './options.js'
import { OwnedUpdate } from './owned-update.js'
import { PipelineRank } from './pipeline-rank.js'
import { heldModel, heldOptimizer } from './records.js'
import { requireShared, shareLayers } from './share-layers.js'
import { sharingOf } from './sharing.js'
import { WindowSums } from './window-sums.js'

/** What a rank works with once it is set up. */
interface Workplace {
  readonly setup: StrategySetup
  readonly access: TensorAccess
  readonly groups: MeshGroups
  readonly sharing: LayerSharing
  readonly clipping: MeshClipping
}

/** What a rank has of a module. */
interface Work {
  readonly holdings: Holdings
  readonly pipeline: PipelineRank
  readonly module: Module
}

/**
 * Data, pipeline, context and tensor parallelism, and all of them together: every worker has a place on a mesh of these axes, holds the
 * part of the model that belongs there, and works on the part of the data that does.
 */
export class Mesh extends GroupMember implements Strategy {
  readonly name: string
  readonly #axes: MeshAxes
  readonly #rest: Axis
  readonly #options: ResolvedMeshOptions
  #workplace: Workplace | undefined
  #work: Work | undefined
  /** The optimizer's parameters by the rank that updates them; settled when it is first seen. */
  #owned: { readonly optimizer: Optimizer; readonly update: OwnedUpdate } | undefined
  #trained = false

  /** @param rest the axis that takes the workers that the others leave */
  constructor(name: string, axes: MeshAxes, rest: Axis, options: ResolvedMeshOptions) {
    super()
    this.name = name
    this.#axes = axes
    this.#rest = rest
    this.#options = options
  }

  get capabilities(): StrategyCapabilities {
    const { tensor = 1, context = 1 } = this.#axes
    return {
      shardsParameters: true,
      manualOptimization: false,
      needsSynchronousRead: tensor > 1 || context > 1 || this.#rest === 'tensor',
      maxDevices: Number.POSITIVE_INFINITY,
    }
  }

  get #sizes(): AxisNumbers {
    return axisSizes(this.#axes, this.#rest, this.rank.worldSize)
  }

  get #place(): AxisNumbers {
    return placeOf(this.rank.globalRank, this.#sizes)
  }

  get mesh(): Readonly<Record<string, number>> {
    return this.#sizes
  }

  override get dataShard(): DataShard {
    return { rank: this.#place.data, count: this.#sizes.data }
  }

  get speaks(): boolean {
    return this.speaksFor(this.rank.globalRank)
  }

  get savesParts(): boolean {
    return this.rank.worldSize > 1
  }

  get replicas(): Replicas | undefined {
    const { groups, setup } = this.#ready
    return replicasOf(groups.replicas, setup.accelerator.capabilities.hostMemory)
  }

  get sharing(): LayerSharing | undefined {
    return this.#ready.sharing
  }

  divideBatch(batch: unknown): unknown {
    const { context } = this.#ready.groups
    return divideBatch(batch, context.rank, context.size)
  }

  readonly intercept: NonNullable<Strategy['intercept']> = (layer, input, step, next) => {
    if (step.mode === 'predict' && this.#sizes.context > 1) throw ofStretches(this.name)
    const { steps } = this.#work?.pipeline ?? {}
    return steps ? steps.intercept(layer, input, step, next) : next(input)
  }

  async setup(setup: StrategySetup): Promise<void> {
    const { accelerator, devices } = setup
    requireBlocking(this.capabilities, this.group.blocking !== undefined || this.group.size === 1, this.name)
    requireNoIdleOptions(this.#options.asked, this.#sizes, this.#rest)
    const groups = await joinGroups(this.group, this.#place, this.#sizes)
    await accelerator.setup(await rankDevice(accelerator, devices, this.rank))
    const access = new TensorAccess(accelerator)
    this.#workplace = {
      setup,
      access,
      groups,
      sharing: sharingOf(groups, access, this.#options.sequenceParallel),
      clipping: new MeshClipping(this.group),
    }
  }

  async materialise(module: Module, { seed }: { seed: number }): Promise<void> {
    const { groups, access, setup } = this.#ready
    requireOwnClippingAbsent(module, this.name, this.group.size)
    assignPaths(module)
    shareLayers(module, this.#options.plan)
    requireShared(module, groups.tensor.size)
    const pipeline = new PipelineRank(module, this.#options, { groups, access, setup })
    const tensor = { index: groups.tensor.rank, count: groups.tensor.size }
    const holdings = await Holdings.of(module, { stages: pipeline.steps, pipeline: groups.pipeline, tensor })
    await materialiseParts(module, holdings, { seed, world: this.group, access })
    if (groups.replicas.size > 1)
      await requireSameValues([...holdings.parameters, ...holdings.buffers], groups.replicas, access)
    if (pipeline.steps) holdings.guard(module, pipeline.steps)
    this.#work = { holdings, pipeline, module }
    this.#owned = undefined
  }

  async step(window: TrainingWindow): Promise<WindowResult> {
    const { holdings, pipeline } = this.#working
    const held = window.parameters.filter((parameter) => holdings.has(parameter))
    const sums = new WindowSums(this.#sumParts(held), window.parameters)
    try {
      const micros = await pipeline.run(window, held, sums)
      const last = micros.at(-1)
      if (!last) return { microBatches: 0, samples: 0, updated: false }
      // Whoever saves at the end of a step saves where it is: the batches before it are done by then.
      for (const micro of micros.slice(0, -1)) await window.finish(micro)
      if (last.last) await this.#update(window, await sums.finish())
      await window.finish(last)
      return {
        microBatches: micros.length,
        samples: micros.reduce((sum, { samples }) => sum + samples, 0),
        updated: last.last,
      }
    } finally {
      sums.dispose()
    }
  }

  #sumParts(held: readonly Parameter[]) {
    const { groups, access, sharing } = this.#ready
    const { holdings } = this.#working
    // What every tensor rank holds whole has seen a stretch of each sequence alone; elsewhere it has seen all of it.
    const stretched = sharing.tensor?.splitsSequence ? held.filter(({ split }) => !split) : []
    const rounds = [
      { group: groups.tensor, parameters: stretched },
      ...holdings.tied.map(({ group, parameters }) => ({
        group,
        parameters: held.filter((parameter) => parameters.includes(parameter)),
      })),
      { group: groups.replicas, parameters: held },
    ]
    return {
      world: this.group,
      access,
      speaks: this.speaks,
      held,
      rounds: rounds.filter(({ group }) => group.size > 1),
    }
  }

  async #update(window: TrainingWindow, gradients: Gradients): Promise<void> {
    this.#trained = true
    const { optimizer } = window
    const { clipping } = this.#ready
    const owned = this.#ownedFor(optimizer)
    const update = async (own: Gradients) => {
      const chosen = window.beforeUpdate(own)
      window.update(chosen, await clipping.coefficient(window, chosen, (parameter) => this.#counts(parameter)))
    }
    await (owned ? owned.run(gradients, update) : update(gradients))
  }

  /** Whether of all ranks this one counts a parameter's part in sums over the model. */
  #counts(parameter: Parameter): boolean {
    const { groups } = this.#ready
    const { holdings } = this.#working
    if (!holdings.has(parameter) || !holdings.countsHere(parameter)) return false
    if (!parameter.split && groups.tensor.rank !== 0) return false
    return this.#owned ? this.#owned.update.owns(parameter) : groups.replicas.rank === 0
  }

  #ownedFor(optimizer: Optimizer): OwnedUpdate | undefined {
    const { groups, access } = this.#ready
    requireElementwise(optimizer, groups.tensor.size)
    if (this.#options.zero === 0 || groups.replicas.size === 1) return undefined
    if (this.#owned?.optimizer !== optimizer) {
      const { holdings } = this.#working
      const parameters = optimizer.groups.flatMap((group) => group.parameters.filter((each) => holdings.has(each)))
      this.#owned = { optimizer, update: new OwnedUpdate(parameters, groups.replicas, access) }
    }
    return this.#owned.update
  }

  evaluate<T>(run: () => T): T | undefined | Promise<T | undefined> {
    return this.#working.pipeline.evaluate(run)
  }

  /** Running statistics are the same where layers know of replicas; elsewhere the first replica's stand for all. */
  async synchronise(): Promise<void> {
    if (!this.#trained) return
    this.#trained = false
    const { groups, access } = this.#ready
    const buffers: readonly Buffer[] = this.#working.holdings.buffers
    if (groups.replicas.size > 1) await broadcastValues(buffers, groups.replicas, access)
  }

  protected override speaksFor(rank: number): boolean {
    return speaks(placeOf(rank, this.#sizes), this.#sizes)
  }

  modelState(_module: Module): Iterable<TensorRecord> {
    return heldModel(this.#working.holdings, this.#ready.access)
  }

  loadModelState(
    module: Module,
    records: ReadonlyMap<string, TensorRecord>,
    { strict }: { strict: boolean },
  ): Promise<void> {
    const { holdings } = this.#working
    return loadWholeModel(module, records, { strict, holds: (stored) => holdings.has(stored) })
  }

  optimizerState(optimizer: Optimizer): Iterable<TensorRecord> {
    const owned = this.#ownedFor(optimizer)
    const { access } = this.#ready
    return heldOptimizer(optimizer, this.#working.holdings, access, (parameter) => owned?.owns(parameter) ?? true)
  }

  async loadOptimizerState(
    optimizer: Optimizer,
    state: OptimizerState,
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void> {
    const owned = this.#ownedFor(optimizer)
    const all = optimizer.groups.flatMap((group) => group.parameters)
    const others = owned?.elsewhere(all) ?? []
    if (!owned) return optimizer.load(state, await readOptimizerSlots(optimizer, records, ({ shard }) => shard))
    const slots = await readOptimizerSlots(optimizer, records, (parameter) =>
      others.includes(parameter) ? nothingOf(parameter) : parameter.shard,
    )
    await owned.without(others, () => optimizer.load(state, slots))
  }

  async teardown(): Promise<void> {
    const { setup, groups } = this.#workplace ?? {}
    const { holdings, module } = this.#work ?? {}
    for (const stored of [...(module?.parameters() ?? []), ...(module?.buffers() ?? [])]) stored.lendBy(undefined)
    this.#workplace = undefined
    this.#work = undefined
    this.#owned = undefined
    for (const { group } of holdings?.tied ?? []) await group.destroy()
    await groups?.destroy()
    await setup?.accelerator.teardown()
  }

  get #ready(): Workplace {
    if (this.#workplace) return this.#workplace
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The strategy '${this.name}' was used before it was set up.`,
      remedy: 'Give it to a Trainer.',
    })
  }

  get #working(): Work {
    if (this.#work) return this.#work
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The strategy '${this.name}' has no module yet.`,
      remedy: 'Give it to a Trainer.',
    })
  }
}

function requireBlocking({ needsSynchronousRead }: StrategyCapabilities, blocks: boolean, name: string): void {
  if (blocks || !needsSynchronousRead) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The strategy '${name}' communicates within layers, and a rank may not block here: a browser's main thread must not.`,
    remedy: 'Start the ranks in workers, or use a strategy that communicates between steps.',
  })
}

const ofStretches = (name: string): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The strategy '${name}' cannot predict with a context axis: each rank would predict for its stretch of each sequence.`,
    remedy: 'Predict from the checkpoint without one: any mesh, or one device, loads it.',
  })

function requireElementwise({ sharding, name }: Optimizer, tensorRanks: number): void {
  if (sharding === 'element' || tensorRanks === 1) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The optimizer '${name}' needs whole tensors, and under tensor parallelism a rank has parts of them.`,
    remedy: 'Use an optimizer whose updates are element by element, such as adamW, or leave out the tensor axis.',
  })
}
