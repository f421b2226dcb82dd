// What somebody who comes from Lightning types, and where it is here.
export const LIGHTNING_OPTIONS: Readonly<Record<string, string>> = {
  logger: 'Use `loggers`: an array, or false.',
  numNodes: 'The launcher sets the number of hosts.',
  checkValEveryNEpoch: 'Use `valCheckInterval: everyEpochs(n)`.',
  logEveryNSteps: 'Use `logEvery: everySteps(n)`.',
  inferenceMode: 'Evaluation never records gradients; there is nothing to choose.',
  deterministic: 'Runs are deterministic; there is nothing to choose.',
  benchmark: 'Kernels are chosen by a fixed table, never by measuring; there is nothing to choose.',
  useDistributedSampler: 'Loaders are sharded by the strategy.',
  syncBatchnorm: 'Use `syncBatchNorm`, which is on by default.',
  profiler: 'There are no profilers yet.',
  detectAnomaly: 'A loss that is not finite is always an error, and names its step.',
  barebones:
    'A hook that nobody implements costs nothing; turn off the progress bar, summary, loggers and checkpoints one by one.',
  modelRegistry: 'There is no model registry.',
  enableAutologHparams: 'Hyper-parameters go to every logger.',
  gpus: 'Use `accelerator` and `devices`.',
  epochs: 'Use `maxEpochs`.',
  steps: 'Use `maxSteps`.',
  accumulateGradientBatches: 'Use `accumulateGradBatches`.',
  logEverySteps: 'Use `logEvery: everySteps(n)`.',
}
