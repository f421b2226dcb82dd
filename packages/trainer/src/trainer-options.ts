import type { AnyPlugin, Callback, CheckpointIO, Choice, Devices, Platform, Trigger } from '@levin/core'

/** Share of an epoch between 0 and 1, as in `{ fraction: 0.1 }`, or a number of batches. */
export type BatchLimit = number | { readonly fraction: number }

/** A length of time. Parts add up. */
export interface Duration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
}

/** Options of a Trainer, in Lightning's words. Every one is optional. */
export interface TrainerOptions<P extends readonly AnyPlugin[] = []> {
  /** Plugins that this trainer may use by name. */
  readonly plugins?: P

  /** The hardware. Default `'auto'`: the available accelerator of highest priority. */
  readonly accelerator?: Choice<'accelerator', P>
  /** Where a step runs. Default `'auto'`: `single` for one device. */
  readonly strategy?: Choice<'strategy', P>
  /** How many devices, or which. Default `'auto'`: one. */
  readonly devices?: Devices
  /** Who starts the workers. Default `'auto'`: nobody for one device, else whoever fits the accelerator. `'worker'`: threads. */
  readonly launcher?: Choice<'launcher', P>
  /**
   * Who has started this process as one of several, by `mpirun`, `srun` and the like. Default `'auto'`: found out by the
   * variables of the environment. `false`: nobody.
   */
  readonly clusterEnvironment?: Choice<'clusterEnvironment', P> | false
  /** What processes talk by. Default `'auto'`: whatever is registered, such as MPI. Threads of one process share memory. */
  readonly collective?: Choice<'collective', P>
  /**
   * How often workers that were launched are started again, from the last checkpoint, when one fails, dies or hangs; and how
   * often a run in this thread goes on from it after its device was lost, as a GPU can be. Default 0.
   */
  readonly maxRestarts?: number
  /** Only `'32-true'`: tfjs computes in float32. */
  readonly precision?: '32-true' | 32

  /** Where metrics go. `false`: nowhere. Default: the CSV logger if one is registered, else nowhere. */
  readonly loggers?: readonly Choice<'logger', P>[] | false
  readonly callbacks?: readonly (Callback | Choice<'callback', P>)[]
  /** How checkpoints are stored. Default `'auto'`: the registered one. */
  readonly checkpointIO?: Choice<'checkpointIO', P> | CheckpointIO

  /** Epochs to train. Default: 1000 if `maxSteps` and `maxTime` are not set, as in Lightning, with a notice. `-1`: no limit. */
  readonly maxEpochs?: number
  /** No early stop before. Default 0. */
  readonly minEpochs?: number
  /** Optimizer updates to train. Default: no limit. */
  readonly maxSteps?: number
  /** No early stop before. Default 0. */
  readonly minSteps?: number
  /** Wall-clock limit. A run that ends by it cannot be repeated exactly. */
  readonly maxTime?: Duration

  /** Default: all. 0 leaves the stage out. */
  readonly limitTrainBatches?: BatchLimit
  readonly limitValBatches?: BatchLimit
  readonly limitTestBatches?: BatchLimit
  readonly limitPredictBatches?: BatchLimit
  /** Train and validate on the few batches that begin the first epoch, and no others: can the model learn them? Default 0: off. */
  readonly overfitBatches?: BatchLimit
  /** Run so many batches (`true`: 1) of each stage, without loggers, checkpoints and early stopping, to find mistakes. */
  readonly fastDevRun?: boolean | number

  /** When to validate within fit. Default `everyEpochs(1)`. */
  readonly valCheckInterval?: Trigger
  /** Validation batches to run before training, to find mistakes early. Default 2; -1: all; 0: none. */
  readonly numSanityValSteps?: number
  /** When values of a step go to the loggers. Default `everySteps(50)`. */
  readonly logEvery?: Trigger

  /** Batches per optimizer update. Default 1. */
  readonly accumulateGradBatches?: number
  /** Bound on the gradients. Default: none. */
  readonly gradientClipVal?: number
  /** `'norm'`: the global norm over all gradients; `'value'`: each element. Default `'norm'`. */
  readonly gradientClipAlgorithm?: 'norm' | 'value'

  /**
   * Whether batch norm uses the statistics of the whole batch where it is spread over workers, as one device would. Default
   * `true`. `false` saves a collective per layer, and is announced: the loss then depends on the number of workers.
   */
  readonly syncBatchNorm?: boolean

  /** Save a checkpoint per epoch if no `modelCheckpoint` is among the callbacks. Default: `true` where checkpoints can be stored. */
  readonly enableCheckpointing?: boolean
  /** Default `true`. */
  readonly enableProgressBar?: boolean
  /** Default `true`. */
  readonly enableModelSummary?: boolean
  /** Call the loaders' methods of the data module again every so many epochs. Default 0: never. */
  readonly reloadDataloadersEveryNEpochs?: number

  /** Key of every random number of the run. Default 0. */
  readonly seed?: number
  /** Folder for everything that runs write. Default `'runs'`. */
  readonly defaultRootDir?: string
  /** Stop at the next window boundary on SIGINT and SIGTERM instead of ending the process at once. Default `false`. */
  readonly handleSignals?: boolean
  /** The world around the run. Default: found out. */
  readonly platform?: Platform
}
