// The run module of the suite `scaling`: every rank trains on the same batches, so that any number of ranks, and any strategy,
// comes to the loss of one.
import { cpu } from '@levin/accelerators'
import '@levin/strategies/register'
import { DataModule, hostTensor, type Loader, type Strategy } from '@levin/core'
import { ddp } from '@levin/strategies'
import { defineRun } from '@levin/trainer'
import type { DeviceBatch, HostBatch } from '../bare-loop.js'
import { levinModel } from '../levin-models.js'
import { readMaterial } from '../material.js'
import { askedFor, LossCheck } from '../protocol.js'
import { Starts } from './ranks.js'
import { type CollectiveTimes, timed } from './timed-group.js'

const accelerator = cpu()
await accelerator.setup(0)

const times: CollectiveTimes = { waiting: 0, exchange: 0 }

/** The times of one request. */
function takeTimes(): Record<string, number> {
  const taken = { ...times }
  Object.assign(times, { waiting: 0, exchange: 0 })
  return taken
}

class SameBatches implements Loader<HostBatch> {
  readonly ownsBatches = true

  constructor(
    readonly batches: readonly HostBatch[],
    readonly check: LossCheck,
    readonly starts: Starts,
    readonly rank = 0,
  ) {}

  shard({ rank }: { rank: number }): SameBatches {
    return new SameBatches(this.batches, this.check, this.starts, rank)
  }

  *[Symbol.iterator](): Iterator<HostBatch> {
    const { batches, check, starts } = this
    if (this.rank === 0) {
      const before = (steps: number) => {
        takeTimes()
        starts.tell(steps)
      }
      return yield* askedFor(batches, accelerator.fingerprint(), check, { before, parts: takeTimes })
    }
    for (let position = 0; ; ) {
      const last = position + starts.hear()
      while (position < last) yield batches[position++ % batches.length] as HostBatch
    }
  }
}

class SameData extends DataModule<DeviceBatch> {
  constructor(readonly loader: SameBatches) {
    super()
  }

  override trainDataLoader(): SameBatches {
    return this.loader
  }
}

const checks = new Map<string, LossCheck>()

/** Of this rank: the module sees the loss, the loader reports it. */
function checkOf(folder: string, step: number): LossCheck {
  const check = checks.get(folder) ?? new LossCheck(step)
  checks.set(folder, check)
  return check
}

export default defineRun({
  hparams: { folder: '', devices: 1, timed: false },
  module: ({ folder }) => {
    const material = readMaterial(folder)
    return levinModel(material, checkOf(folder, material.training.checkStep))
  },
  data: ({ folder, devices }) => {
    const { batches, training } = readMaterial(folder)
    const hosted = batches.map(({ inputs, labels }) => ({
      inputs: hostTensor(inputs.data, inputs.shape),
      labels: hostTensor(labels.data, labels.shape),
    }))
    return new SameData(new SameBatches(hosted, checkOf(folder, training.checkStep), new Starts(devices)))
  },
  trainer: (hparams) => ({
    accelerator: cpu(),
    maxEpochs: 1,
    loggers: false,
    callbacks: [],
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    numSanityValSteps: 0,
    ...(hparams.timed ? { strategy: timed(ddp() as Strategy, times) } : {}),
  }),
})
