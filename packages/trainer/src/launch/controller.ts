import {
  type LaunchedRanks,
  type Launcher,
  LevinError,
  type Platform,
  type RankDescription,
  type Recipe,
  type RunKind,
  type Signal,
  type StartWorker,
  soloRank,
} from '@levin/core'
import type { PredictionResult } from '../result.js'
import type { Results } from '../run/execute.js'
import type { ControllerMessage, RankInput, RankMessage } from './rank-input.js'
import type { OnRunEvent, RunEvent } from './run-events.js'

/** A run in ranks of their own, as the program that launches them sees it. */
export interface LaunchedRun<K extends RunKind> {
  readonly kind: K
  readonly launcher: Launcher
  /** What every rank runs: a module, or what starts a worker that has it. */
  readonly program: URL | StartWorker
  readonly worldSize: number
  /** Where this process stands among others that launch ranks of the same run. */
  readonly among: RankDescription | undefined
  /** What the ranks talk by, where they are processes. */
  readonly collective: Recipe | undefined
  readonly input: RankInput
  readonly platform: Platform
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnRunEvent | undefined
  /** Stop at the next window boundary on signals of the system. */
  readonly handleSignals: boolean
  readonly maxRestarts: number
}

/** Launches the ranks of a run, watches them, starts them again where that is wanted, and gives what they came to. */
export async function controlRun<K extends RunKind>(run: LaunchedRun<K>): Promise<Results[K]> {
  /** Newest first. */
  const checkpoints: string[] = []
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'checkpoint') checkpoints.unshift(event.location)
    run.onEvent?.(event)
  }
  for (let attempt = 0; ; attempt++) {
    onEvent({ type: 'started', worldSize: run.worldSize, attempt })
    try {
      return merge(run, await launchOnce({ ...run, onEvent }, checkpoints))
    } catch (error) {
      if (attempt >= run.maxRestarts || run.signal?.aborted || !isWorthAnother(error)) throw error
      announceRestart({ ...run, onEvent }, error, attempt + 1, checkpoints[0])
    }
  }
}

async function launchOnce<K extends RunKind>(
  run: LaunchedRun<K>,
  candidates: readonly string[],
): Promise<readonly Results[K][]> {
  const { launcher, program, worldSize, input, platform } = run
  const modules = [...(input.runModule === undefined ? [] : [input.runModule]), ...input.imports]
  const ranks = launcher.launch({
    program,
    input: { ...input, candidates: [...candidates] } satisfies RankInput,
    worldSize,
    among: run.among,
    collective: run.collective,
    modules: modules.map((url) => new URL(url)),
    onMessage: (_rank, message) => take(run, message as RankMessage),
    onOutput: (rank, line, stream) => {
      run.onEvent?.({ type: 'output', rank, line, stream })
      const text = worldSize > 1 && rank !== undefined ? `[rank ${rank}] ${line}` : line
      if (stream === 'stderr') console.error(text)
      else console.log(text)
    },
  })
  const unwatch = watch(run, ranks, platform)
  try {
    return (await ranks.results) as readonly Results[K][]
  } finally {
    unwatch()
  }
}

function take({ onEvent, platform }: LaunchedRun<RunKind>, message: RankMessage): void {
  if (message.type === 'event') onEvent?.(message.event)
  else if (platform.terminal) platform.terminal.write(message.text)
  else console.info(message.text.replace(/\n$/, ''))
}

/** Hands an abort and the signals of the system on to the ranks. Returns what undoes it. */
function watch(run: LaunchedRun<RunKind>, ranks: LaunchedRanks, platform: Platform): () => void {
  const { signal } = run
  const send = (message: ControllerMessage) => ranks.send(message)
  const abort = () => send({ type: 'abort', reason: reasonOf(signal?.reason) })
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const signals: readonly Signal[] = run.handleSignals ? ['SIGINT', 'SIGTERM'] : []
  const undo = signals.map((name) => {
    const stopListening = platform.onSignal?.(name, () => {
      stopListening?.()
      send({ type: 'signal', signal: name })
    })
    return stopListening
  })
  return () => {
    signal?.removeEventListener('abort', abort)
    for (const step of undo) step?.()
  }
}

const reasonOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason ?? 'aborted'))

/** Of levin's own errors, those that may not come again; whatever else a program throws may be the network's fault. */
const PASSING: readonly string[] = [
  'LEVIN_COLLECTIVE',
  'LEVIN_DEVICE_LOST',
  'LEVIN_FILES',
  'LEVIN_OUT_OF_MEMORY',
  'LEVIN_TIMEOUT',
  'LEVIN_WORKER_LOST',
]

const isWorthAnother = (error: unknown): boolean => !LevinError.isInstance(error) || PASSING.includes(error.code)

function announceRestart(
  { onEvent, platform }: LaunchedRun<RunKind>,
  error: unknown,
  attempt: number,
  checkpoint: string | undefined,
): void {
  const message = error instanceof Error ? error.message : String(error)
  const from = checkpoint === undefined ? 'the beginning' : `the last checkpoint, ${checkpoint}`
  const text = `warning: ${message.replace(/(?<![.!?])$/, '.')} The workers are started again, from ${from} (restart ${attempt}).`
  if (platform.terminal) platform.terminal.write(`${text}\n`)
  else console.warn(text)
  onEvent?.({ type: 'restart', attempt, message, checkpoint })
}

/** All ranks come to the same, but for predictions: each has those of its part of every batch, in the order of the ranks. */
function merge<K extends RunKind>({ kind, among }: LaunchedRun<K>, results: readonly Results[K][]): Results[K] {
  const [first] = results as readonly [Results[K], ...Results[K][]]
  if (kind !== 'predict') return first
  const all = (results as readonly PredictionResult[]).map(({ predictions }) => predictions)
  const loaders = (first as PredictionResult).predictions.map((_, loader) => {
    const parts = all.map((ofRank) => ofRank[loader] ?? [])
    const batches = Math.max(...parts.map(({ length }) => length))
    return Array.from({ length: batches }, (_, batch) =>
      parts.filter((part) => batch < part.length).map((part) => part[batch]),
    ).flat()
  })
  // Of all, and not of rank zero, unless other processes have further parts.
  return { ...first, ...(among ? {} : { rank: soloRank }), predictions: loaders }
}
