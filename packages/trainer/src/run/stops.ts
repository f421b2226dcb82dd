import type { Signal } from '@levin/core'
import type { Run } from './run.js'

/** Turns an AbortSignal and, if asked for, the signals of the system into requests to stop. Returns what undoes it. */
export function watchForStops(run: Run, signal: AbortSignal | undefined): () => void {
  const undo: (() => void)[] = []
  if (signal) {
    const abort = () => run.requestStop('aborted', messageOf(signal.reason))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    undo.push(() => signal.removeEventListener('abort', abort))
  }
  if (run.options.handleSignals) {
    for (const name of ['SIGINT', 'SIGTERM'] as const) undo.push(watchSignal(run, name))
  }
  return () => {
    for (const step of undo) step()
  }
}

/** The first signal stops the run at the next window boundary; a second one does what it always does. */
function watchSignal(run: Run, name: Signal): () => void {
  const stopListening = run.platform.onSignal?.(name, () => {
    stopListening?.()
    run.requestStop('signal', name)
    run.announce(`${name}: stopping after this step. Once more ends the process at once.`)
  })
  return () => stopListening?.()
}

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason ?? 'aborted'))
