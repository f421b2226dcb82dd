import { createHash } from 'node:crypto'
import { type Callback, engineMemory, type GradientClipping, type ProcessGroup } from '@levin/core'
import { DataLoader } from '@levin/data'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import type { DdpOptions } from '../../src/index.js'
import { MODELS, type ModelName, samplesFor } from './models.js'
import { acceleratorOf, ddpAt, type Place } from './place.js'
import type { World } from './protocol.js'

/** A training on data parts of which may be uneven or empty. Plain data. */
export interface Training {
  readonly model: ModelName
  readonly steps: number
  /** Samples of a batch, over all ranks. */
  readonly batchSize: number
  /** Samples of an epoch. The last batch holds what is left. */
  readonly samples: number
  readonly accumulate?: number
  readonly clipping?: GradientClipping
  readonly syncBatchNorm?: boolean
  /** Default `true`. */
  readonly shuffle?: boolean
  readonly options?: DdpOptions
}

/** What one rank saw of it. */
export interface Trained {
  /** Of each batch: the loss of this rank's part, and how much it counts. */
  readonly losses: readonly { readonly loss: number; readonly weight: number }[]
  /** After each batch: a digest of all parameters. */
  readonly digests: readonly string[]
  readonly parameters: readonly (readonly [path: string, values: Float32Array])[]
  readonly buffers: readonly (readonly [path: string, values: Float32Array])[]
  /** What was said at the start. */
  readonly said: string
  /** Bytes that this rank sent from the first update on, and in how many collectives. */
  readonly bytesSent: number
  readonly operations: number
  readonly tensorsLeft: number
}

/** Trains as one rank of a world, or alone where there is no group. */
export async function train(training: Training, world: World, place?: Place): Promise<Trained> {
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const before = engineMemory().tensors
  const { model, steps, accumulate = 1, clipping, syncBatchNorm = true, options } = training
  const strategy = place && ddpAt(place, options)
  const platform = new TestPlatform({ tick: 1 })
  const module = MODELS[model]()
  const notes = new Notes(place?.group)
  const callback: Callback = {
    name: 'notes',
    async onTrainBatchEnd({ loss, weight }) {
      notes.batch((await loss?.data())?.[0] ?? Number.NaN, weight, digest(module))
    },
  }
  try {
    await new Trainer({
      ...(strategy ? { strategy } : {}),
      accelerator,
      platform,
      maxSteps: steps,
      maxEpochs: -1,
      accumulateGradBatches: accumulate,
      ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
      syncBatchNorm,
      callbacks: [callback],
      loggers: false,
      enableCheckpointing: false,
      enableProgressBar: false,
      enableModelSummary: false,
      seed: 3,
    }).fit(module as never, { train: loaderFor(training, world) as never })
    return notes.result(module, platform.written, before)
  } catch (error) {
    strategy?.fail?.(error)
    throw error
  } finally {
    module.dispose()
  }
}

const loaderFor = ({ model, samples, batchSize, shuffle = true }: Training, { size }: World) =>
  new DataLoader(samplesFor(model, samples), { batchSize: batchSize / size, shuffle })

class Notes {
  readonly #group: ProcessGroup | undefined
  readonly #losses: { loss: number; weight: number }[] = []
  readonly #digests: string[] = []
  #sent: number | undefined
  #operations = 0

  constructor(group: ProcessGroup | undefined) {
    this.#group = group
  }

  batch(loss: number, weight: number, digest: string): void {
    this.#losses.push({ loss, weight })
    this.#digests.push(digest)
    this.#sent ??= this.#group?.traffic.bytesSent
    this.#operations ||= this.#group?.traffic.operations ?? 0
  }

  result(module: ReturnType<(typeof MODELS)[ModelName]>, said: string, before: number) {
    const values = (stored: readonly { readonly path: string; readonly value: { dataSync(): unknown } }[]) =>
      stored.map(({ path, value }) => [path, (value.dataSync() as Float32Array).slice()] as const)
    const [parameters, buffers] = [values(module.parameters()), values(module.buffers())]
    module.dispose()
    return {
      losses: this.#losses,
      digests: this.#digests,
      parameters,
      buffers,
      said,
      bytesSent: (this.#group?.traffic.bytesSent ?? 0) - (this.#sent ?? 0),
      operations: (this.#group?.traffic.operations ?? 0) - this.#operations,
      tensorsLeft: engineMemory().tensors - before,
    }
  }
}

/** Every bit of every parameter counts. */
function digest(module: ReturnType<(typeof MODELS)[ModelName]>): string {
  const hash = createHash('sha1')
  for (const { value } of module.parameters()) hash.update(value.dataSync<'float32'>())
  return hash.digest('hex')
}
