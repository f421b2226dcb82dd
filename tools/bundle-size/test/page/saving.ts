import { opfs } from '@levin/checkpoints/opfs'
import type { TrainingStep } from '@levin/core'
import { Trainer } from '@levin/trainer'
import { Classifier, PointsData } from '../../src/models/points.js'

let firstStep: number | undefined

class Watched extends Classifier {
  override trainingStep(batch: Parameters<Classifier['trainingStep']>[0], step: TrainingStep) {
    firstStep ??= performance.now()
    return super.trainingStep(batch, step)
  }
}

/** Trains, validates and saves, goes on from what was saved, and gives the files that were asked for between first steps and ends. */
export async function lateFiles(): Promise<{ readonly saved: string | undefined; readonly late: string[] }> {
  const late: string[] = []
  const train = async (maxEpochs: number, ckptPath?: string) => {
    firstStep = undefined
    const trainer = new Trainer({ checkpointIO: opfs(), maxEpochs })
    const result = await trainer.fit(new Watched(), new PointsData(), ckptPath === undefined ? {} : { ckptPath })
    const files = performance.getEntriesByType('resource')
    late.push(...files.filter(({ startTime }) => startTime > (firstStep ?? Infinity)).map(({ name }) => name))
    return result.lastCheckpoint
  }
  const saved = await train(1)
  return { saved: await train(2, saved), late }
}
