import { ForwardScope, type ForwardServices } from '@levin/core'

/** A training step in the middle of a run. */
export const stepAt = (services: ForwardServices = {}): ForwardScope =>
  new ForwardScope(
    {
      seed: 7,
      mode: 'train',
      globalStep: 3,
      epoch: 0,
      batchIndex: 3,
      microBatch: 0,
      firstSample: 5,
      globalBatchSize: 8,
    },
    services,
  )
