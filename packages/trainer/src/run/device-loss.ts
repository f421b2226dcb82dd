import { LevinError, type Module, type Platform, type RunKind } from '@levin/core'

/** A run that can be begun again in this thread. */
export interface RepeatableRun {
  readonly kind: RunKind
  readonly module: Module
  readonly platform: Platform
  readonly maxRestarts: number
  readonly signal: AbortSignal | undefined
  /** Checkpoints that the run has saved, newest first. Filled while it goes on. */
  readonly saved: readonly string[]
}

/**
 * Does a run, and where its device is lost, again from its last checkpoint: as often as `maxRestarts` allows. The parameters
 * on the lost device are gone: they are let go, made anew and loaded.
 *
 * Without a checkpoint nothing is repeated: the module's own values, which the caller may have given it, are gone too.
 *
 * @throws LEVIN_DEVICE_LOST naming the last checkpoint
 */
export async function survivingLosses<R>(run: RepeatableRun, attempt: () => Promise<R>): Promise<R> {
  for (let restart = 1; ; restart++) {
    try {
      return await attempt()
    } catch (error) {
      const loss = lossIn(error)
      if (!loss) throw error
      const [checkpoint] = run.saved
      if (checkpoint === undefined || restart > run.maxRestarts || run.signal?.aborted) throw named(loss, run)
      announce(run.platform, loss, checkpoint, restart)
      run.module.dispose()
    }
  }
}

// --- Internal helpers ---

/** A loss may come wrapped, as what a callback threw. */
function lossIn(error: unknown): LevinError | undefined {
  if (LevinError.isInstance(error, 'LEVIN_DEVICE_LOST')) return error
  return error instanceof Error && error.cause !== undefined ? lossIn(error.cause) : undefined
}

function named(loss: LevinError, { kind, saved }: RepeatableRun): LevinError {
  const [checkpoint] = saved
  const remedy =
    checkpoint === undefined
      ? 'No checkpoint was saved. With modelCheckpoint() among the callbacks and maxRestarts: 1 a run goes on by itself.'
      : `The last checkpoint is '${checkpoint}': continue with ckptPath, or set maxRestarts, and a run goes on by itself.`
  return new LevinError('LEVIN_DEVICE_LOST', {
    message: withoutRemedy(loss),
    remedy: kind === 'fit' ? remedy : 'Run it again.',
    cause: loss,
  })
}

const withoutRemedy = ({ message, remedy }: LevinError): string =>
  remedy === undefined ? message : message.replace(` ${remedy}`, '')

function announce({ terminal }: Platform, loss: LevinError, checkpoint: string, restart: number): void {
  const text = `warning: ${withoutRemedy(loss)} The run goes on from its last checkpoint, ${checkpoint} (restart ${restart}).`
  if (terminal) terminal.write(`${text}\n`)
  else console.warn(text)
}
