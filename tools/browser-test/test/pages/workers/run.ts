import { cpu } from '@levin/accelerators'
import { indexedDb } from '@levin/checkpoints/indexeddb'
import { opfs } from '@levin/checkpoints/opfs'
import { everySteps, type Module, type RunContext } from '@levin/core'
import { ddp } from '@levin/strategies'
import { defineRun } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { SpiralData, SpiralModule } from '../spiral.js'

/** Ways to go wrong in a worker, at step 5 of rank `rank`. */
const DISASTERS: Readonly<Record<string, () => unknown>> = {
  throw: () => {
    throw new RangeError('a disaster')
  },
  uncaught: () =>
    setTimeout(() => {
      throw new Error('nobody caught this')
    }),
  close: () => {
    globalThis.close()
    return new Promise(() => {})
  },
}

class Disastrous extends SpiralModule {
  constructor(
    readonly disaster: string,
    readonly rank: number,
  ) {
    super()
  }

  async onTrainBatchStart(_batch: unknown, _index: number, run: RunContext): Promise<void> {
    if (run.clock.globalStep === 5 && run.rank.globalRank === this.rank) await DISASTERS[this.disaster]?.()
  }
}

export default defineRun({
  hparams: { maxEpochs: 5, disaster: '', rank: 0, saveEvery: 0, batchSize: 32 },
  plugins: [cpu, ddp, opfs, indexedDb],
  module: ({ disaster, rank }): Module => new Disastrous(disaster, rank),
  data: ({ batchSize }) => new SpiralData(batchSize),
  trainer: ({ maxEpochs, saveEvery }) => ({
    maxEpochs,
    seed: 7,
    loggers: false,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: saveEvery ? [modelCheckpoint({ every: everySteps(saveEvery), saveTopK: -1 })] : [],
  }),
})
