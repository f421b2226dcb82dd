import { diskCheckpoints } from '@levin/checkpoints/node'
import { type Callback, engineMemory, type GradientClipping, SingleDevice, type Strategy } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { type MeshOptions, mesh } from '../../src/mesh.js'
import { EQUAL_FEATURES, MESH_MODELS, type MeshModelName, TIME, VOCABULARY } from './mesh-models.js'
import { samplesFor } from './models.js'
import { acceleratorOf, type Place } from './place.js'
import type { World } from './protocol.js'
import { REFUSED_MODELS } from './refused-models.js'
import { groupNames, TrafficMeter } from './traffic-meter.js'

/** A training, as plain data. */
export interface MeshTraining {
  readonly model: MeshModelName | keyof typeof REFUSED_MODELS
  readonly steps: number
  /** Samples of a micro-batch, over all data ranks. */
  readonly batchSize: number
  /** Samples of an epoch. */
  readonly samples: number
  readonly accumulate: number
  readonly clipping?: GradientClipping
  readonly options?: MeshOptions
  /** A checkpoint to go on from. */
  readonly from?: string | undefined
  /** Where one is saved at the end. */
  readonly to?: string | undefined
}

/** What one rank saw of it. */
export interface MeshTrained {
  /** Of each micro-batch: the loss as hooks see it, and how much it counts. */
  readonly losses: readonly { readonly loss: number; readonly weight: number }[]
  readonly metrics: Readonly<Record<string, number>>
  readonly dataShard: { readonly rank: number; readonly count: number }
  /** By group: bytes that this rank had sent at the end of each micro-batch. */
  readonly sent: Readonly<Record<string, readonly number[]>>
  /** Elements of parameters that this rank has. */
  readonly held: number
  readonly tensorsLeft: number
  readonly said: string
  /** What was written into the folder of the option `trace`. */
  readonly written: Readonly<Record<string, string>>
}

/** Trains as one rank of a world, or alone where there is no group. */
export async function trainMesh(training: MeshTraining, world: World, place?: Place): Promise<MeshTrained> {
  const { model, steps, batchSize, samples, accumulate, clipping, options = {}, from, to } = training
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const before = engineMemory().tensors
  const meter = place && new TrafficMeter(place.group, groupNames(options, world.size))
  const strategy: Strategy = meter ? meshAt({ world, group: meter.group }, options) : new SingleDevice()
  const platform = new TestPlatform({ tick: 1 })
  const module = { ...MESH_MODELS, ...REFUSED_MODELS }[model]()
  const losses: { loss: number; weight: number }[] = []
  let dataShard = { rank: 0, count: 1 }
  let held = 0
  const notes: Callback = {
    name: 'notes',
    onTrainStart() {
      held = module.parameters().reduce((sum, { value }) => sum + value.size, 0)
      dataShard = { rank: strategy.dataShard.rank, count: strategy.dataShard.count }
    },
    async onTrainBatchEnd({ loss, weight }) {
      losses.push({ loss: (await loss?.data())?.[0] ?? Number.NaN, weight })
      meter?.note()
    },
    async onTrainEnd(run) {
      if (to) await run.saveCheckpoint(to)
    },
  }
  // A mesh divides the data over its data axis alone, which is the world's size over that of the others.
  const { pipeline = 1, tensor = 1, context = 1 } = options
  const shards = world.size / (pipeline * tensor * context)
  const loader = () => new DataLoader(dataOf(model, samples), { batchSize: batchSize / shards, shuffle: true })
  try {
    const result = await new Trainer({
      strategy,
      accelerator,
      platform,
      maxSteps: steps,
      maxEpochs: -1,
      accumulateGradBatches: accumulate,
      ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
      callbacks: [notes],
      checkpointIO: diskCheckpoints(),
      loggers: false,
      enableCheckpointing: false,
      enableProgressBar: false,
      enableModelSummary: false,
      seed: 3,
    }).fit(module as never, { train: loader(), validate: loader() } as never, from ? { ckptPath: from } : {})
    module.dispose()
    return {
      losses,
      metrics: result.metrics,
      dataShard,
      held,
      sent: meter?.sent ?? {},
      tensorsLeft: engineMemory().tensors - before,
      said: platform.written,
      written: await filesIn(platform, options.trace),
    }
  } catch (error) {
    strategy.fail?.(error)
    throw error
  } finally {
    module.dispose()
  }
}

async function filesIn({ files }: TestPlatform, folder: string | undefined): Promise<Record<string, string>> {
  if (folder === undefined) return {}
  const written: Record<string, string> = {}
  for (const name of await files.list(folder))
    written[name] = new TextDecoder().decode(await files.read(`${folder}/${name}`))
  return written
}

export function meshAt({ group }: Place, options: MeshOptions): Strategy {
  const { rank, size } = group
  const strategy: Strategy = mesh(options)
  strategy.join?.({
    rank: { globalRank: rank, localRank: rank, nodeRank: 0, localWorldSize: size, worldSize: size },
    group,
  })
  return strategy
}

function dataOf(model: MeshTraining['model'], count: number) {
  if (model === 'mlp') return samplesFor('mlp', count)
  if (model === 'equal') {
    const x = Float32Array.from({ length: count * EQUAL_FEATURES }, (_, i) => Math.sin(i))
    return fromArrays({
      x: { data: x, shape: [count, EQUAL_FEATURES] },
      y: { data: new Float32Array(count), shape: [count] },
    })
  }
  const tokens = Int32Array.from({ length: count * (TIME + 1) }, (_, i) =>
    Math.floor((Math.sin(i * 12.9898) * 43758.5453 - Math.floor(Math.sin(i * 12.9898) * 43758.5453)) * VOCABULARY),
  )
  for (let i = 1; i < tokens.length; i++) if (i % 3 !== 0) tokens[i] = ((tokens[i - 1] as number) * 2 + 1) % VOCABULARY
  const column = (shift: number) =>
    Int32Array.from(
      { length: count * TIME },
      (_, i) => tokens[(TIME + 1) * Math.floor(i / TIME) + (i % TIME) + shift] as number,
    )
  return fromArrays({ x: { data: column(0), shape: [count, TIME] }, y: { data: column(1), shape: [count, TIME] } })
}
