import { APPROXIMATION_RANK, type DdpOptions, START_STEP } from './options.js'

/** What the options make of a run, where they make it another than that of one device. */
export function inexactness({ compression, localSteps, outer }: DdpOptions): string | undefined {
  if (localSteps !== undefined) {
    const average = outer ? 'go through an outer optimizer' : 'are averaged'
    return `ddp: every rank trains alone for ${localSteps} updates before parameters ${average}, or until an evaluation, a checkpoint or the end needs them: results differ from those of one device. Of the state of optimizers, a checkpoint holds rank 0's.`
  }
  if (compression === 'bf16')
    return 'ddp: gradients travel as bfloat16, rounded twice to 8 significant bits: results differ from those of one device.'
  if (!compression) return undefined
  const { startStep = START_STEP, rank = APPROXIMATION_RANK } = compression
  return `ddp: from step ${startStep} on, gradients of matrices travel as approximations of rank ${rank} (PowerSGD): results differ from those of one device. What approximations still owe is not in checkpoints.`
}
