import {
  type CheckpointIO,
  type Choice,
  CurrentBackend,
  currentBackendName,
  describe,
  LevinError,
  loadWholeModel,
  Module,
  pickAvailable,
  recipeOf,
  requireAvailable,
  resolve,
} from '@levin/core'

/** A module's class whose constructor takes hyperparameters, or a function that makes one of them. */
export type ModuleSource<M extends Module, H> = (new (hparams: H) => M) | ((hparams: H) => M)

export interface LoadModuleOptions {
  /** Where checkpoints are read. Default: the registered one (`import '@levin/checkpoints/register'`). */
  readonly io?: CheckpointIO
  /** Whether a tensor that is missing or unknown is an error; otherwise what fits is taken. Default `true`. */
  readonly strict?: boolean
  /** What computes. Default `'auto'`: the backend that tfjs has set up, else the best registered accelerator. */
  readonly accelerator?: Choice<'accelerator'>
}

/**
 * A trained module out of a checkpoint, ready for `module.predict(x)` in a service without a Trainer. It is made with the
 * hyperparameters that the checkpoint holds, materialised on a device that is set up if none is yet, and given its weights.
 * The code is the caller's: a checkpoint holds none.
 *
 * @param location a checkpoint, or a pointer to one (`…/checkpoints/last`)
 * @throws LEVIN_CHECKPOINT_NOT_FOUND, LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION, LEVIN_CHECKPOINT_MISMATCH;
 *   LEVIN_UNAVAILABLE if there is nothing to compute on
 * @example
 * import '@levin/accelerators/register'
 * const classifier = await loadModule(DigitClassifier, 'runs/mnist/version_0/checkpoints/last')
 * const logits = classifier.predict(images)
 */
export async function loadModule<M extends Module, H = Readonly<Record<string, unknown>>>(
  source: ModuleSource<M, H>,
  location: string,
  { io, strict = true, accelerator = 'auto' }: LoadModuleOptions = {},
): Promise<M> {
  const checkpoint = await (io ?? (await registeredIO())).load(location)
  await setUpDevice(accelerator)
  const module = make(source, checkpoint.facts.hparams as H)
  try {
    await module.configureModel?.()
    module.build()
    await loadWholeModel(module, checkpoint.model, { strict })
    return module
  } catch (error) {
    module.dispose()
    throw error
  }
}

async function setUpDevice(choice: Choice<'accelerator'>): Promise<void> {
  const chosen = resolve('accelerator', choice)
  if (chosen) await requireAvailable('accelerator', recipeOf(chosen))
  // What the program computes on already is not taken from under it.
  const inUse = currentBackendName() === undefined ? undefined : new CurrentBackend()
  const accelerator = chosen ?? inUse ?? (await pickAvailable('accelerator', [], { lastResort: true }))
  await (accelerator ?? new CurrentBackend()).setup()
}

async function registeredIO(): Promise<CheckpointIO> {
  const io = await pickAvailable('checkpointIO')
  if (io) return io
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: 'Nothing here can read checkpoints.',
    remedy: "Import '@levin/checkpoints/register', or give loadModule an io: checkpointIO(storage).",
  })
}

function make<M extends Module, H>(source: ModuleSource<M, H>, hparams: H): M {
  // Arrow functions and methods have no prototype; `new` on any other function gives the object that it returns.
  const module: unknown = source.prototype
    ? new (source as new (hparams: H) => M)(hparams)
    : (source as (hparams: H) => M)(hparams)
  if (module instanceof Module) return module as M
  throw new LevinError('LEVIN_INVALID_MODULE', {
    expected: 'the class of a module, or a function that returns one',
    found: `one that makes ${describe(module)}`,
    remedy: 'Give the class that was trained, and not an object or a path.',
  })
}
