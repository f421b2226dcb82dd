import type { MetricRow } from '@levin/core'
import { type FitResult, type RunEvent, Trainer } from '@levin/trainer'
import { type AcceleratorName, LABELS } from './hardware.js'

export type SessionState = 'new' | 'training' | 'pausing' | 'paused' | 'finished'

/** What somebody chose for a training. Plain data: it is kept over a reload. */
export interface Choices {
  readonly accelerator: AcceleratorName
  readonly workers: number
  readonly hparams: Readonly<Record<string, string | number>>
}

/** A row of metrics, as it came. */
export interface Row {
  readonly step: number
  readonly metrics: MetricRow
}

/** What is left when the page is closed. */
interface Kept {
  readonly choices: Choices
  readonly checkpoint: string | undefined
  readonly checkpointStep: number
  readonly finished: boolean
  /** Up to the checkpoint; what came after it will come again. */
  readonly rows: readonly Row[]
}

export interface SessionEvents {
  onState(state: SessionState): void
  onRow(row: Row): void
  onProgress(event: RunEvent & { type: 'progress' }): void
  onCheckpoint(location: string): void
  onMessage(text: string, bad?: boolean): void
  /** Everything is forgotten. */
  onReset(): void
}

/**
 * A training in a worker that can be paused, and that goes on after the page was reloaded, or the device lost: pausing stops
 * it at a checkpoint, and continuing begins there. What was logged after that checkpoint is logged again, the same.
 */
export class Session {
  readonly #key: string
  readonly #start: () => Worker
  readonly #events: SessionEvents
  #state: SessionState = 'new'
  /** Whether the worker has said something since it was started. */
  #begun = false
  #rows: Row[] = []
  #choices: Choices | undefined
  #checkpoint: string | undefined
  #checkpointStep = 0
  #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()

  /** @param name under which it is kept: of the folder with its checkpoints, too */
  constructor(name: string, start: () => Worker, events: SessionEvents) {
    this.#key = name
    this.#start = start
    this.#events = events
  }

  get state(): SessionState {
    return this.#state
  }

  get choices(): Choices | undefined {
    return this.#choices
  }

  get checkpoint(): string | undefined {
    return this.#checkpoint
  }

  /** Takes up what a page before this one has left, if any. */
  restore(): void {
    const text = localStorage.getItem(this.#key)
    if (text === null) return
    const { choices, checkpoint, checkpointStep, finished, rows } = JSON.parse(text) as Kept
    this.#choices = choices
    this.#checkpoint = checkpoint
    this.#checkpointStep = checkpointStep
    this.#rows = [...rows]
    for (const row of rows) this.#events.onRow(row)
    if (checkpoint) this.#events.onCheckpoint(checkpoint)
    this.#enter(finished ? 'finished' : checkpoint ? 'paused' : 'new')
  }

  train(choices: Choices): void {
    this.#choices = choices
    this.#run(undefined)
  }

  continue(choices: Choices): void {
    this.#choices = { ...choices, hparams: this.#choices?.hparams ?? choices.hparams }
    this.#rows = this.#rows.filter(({ step }) => step <= this.#checkpointStep)
    this.#run(this.#checkpoint)
  }

  pause(): void {
    if (this.#state !== 'training') return
    this.#enter('pausing')
    this.#abort.abort('paused')
  }

  /** Stops, and forgets everything that was trained. */
  async reset(): Promise<void> {
    this.#abort.abort('stopped')
    await this.#running
    localStorage.removeItem(this.#key)
    await removeFolder(this.#key)
    this.#rows = []
    this.#checkpoint = undefined
    this.#checkpointStep = 0
    this.#enter('new')
    this.#events.onReset()
    this.#events.onMessage('Forgotten. Everything begins anew.')
  }

  #run(ckptPath: string | undefined): void {
    this.#abort = new AbortController()
    this.#begun = false
    this.#enter('training')
    delete document.documentElement.dataset['failed']
    this.#events.onMessage(ckptPath ? `Going on from update ${this.#checkpointStep} …` : 'Starting …')
    this.#running = this.#fit(this.#choices as Choices, ckptPath).then(
      (result) => this.#finish(result),
      (error: unknown) => this.#fail(error),
    )
  }

  async #fit({ accelerator, workers, hparams }: Choices, ckptPath: string | undefined): Promise<FitResult> {
    const trainer = new Trainer({
      accelerator,
      devices: workers,
      launcher: 'worker',
      // A device that is lost is regained, and the training goes on from its last checkpoint.
      maxRestarts: 3,
      defaultRootDir: this.#key,
    })
    return trainer.fit(this.#start, {
      hparams,
      signal: this.#abort.signal,
      onEvent: (event) => this.#take(event),
      ...(ckptPath === undefined ? {} : { ckptPath }),
    })
  }

  #take(event: RunEvent): void {
    const { onRow, onProgress, onCheckpoint, onMessage } = this.#events
    if (event.type === 'log') {
      const row = { step: event.globalStep, metrics: event.metrics }
      this.#rows.push(row)
      onRow(row)
    } else if (event.type === 'progress') {
      if (!this.#begun) onMessage(`Training on ${LABELS[(this.#choices as Choices).accelerator]} …`)
      this.#begun = true
      onProgress(event)
    } else if (event.type === 'checkpoint') {
      this.#checkpoint = event.location
      this.#checkpointStep = event.globalStep
      this.#keep(false)
      onCheckpoint(event.location)
    } else if (event.type === 'restart') {
      this.#rows = this.#rows.filter(({ step }) => step <= this.#checkpointStep)
      onMessage(`${event.message} Going on from update ${this.#checkpointStep}.`, true)
    }
  }

  #finish(result: FitResult): void {
    if (result.status === 'completed') {
      this.#keep(true)
      this.#enter('finished')
      this.#events.onMessage(`Trained: ${result.clock.globalStep} updates.`)
    } else {
      this.#enter(this.#checkpoint ? 'paused' : 'new')
      this.#events.onMessage(`Paused at update ${result.clock.globalStep}. A reload loses nothing.`)
    }
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#enter(this.#checkpoint ? 'paused' : 'new')
    document.documentElement.dataset['failed'] = text
    this.#events.onMessage(text, true)
  }

  #enter(state: SessionState): void {
    this.#state = state
    this.#events.onState(state)
  }

  #keep(finished: boolean): void {
    const kept: Kept = {
      choices: this.#choices as Choices,
      checkpoint: this.#checkpoint,
      checkpointStep: this.#checkpointStep,
      finished,
      rows: this.#rows.filter(({ step }) => step <= this.#checkpointStep),
    }
    localStorage.setItem(this.#key, JSON.stringify(kept))
  }
}

async function removeFolder(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error
  })
}
