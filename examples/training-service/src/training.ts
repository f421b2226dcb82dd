import { type FitResult, type RunEvent, Trainer } from 'levin'

/** What a training is asked to be. */
export interface TrainingRequest {
  readonly devices?: number
  readonly hparams?: Readonly<Record<string, unknown>>
}

/** A training as clients see it. */
export interface TrainingView {
  readonly id: string
  readonly status: 'running' | 'completed' | 'stopped' | 'aborted' | 'failed'
  readonly epoch: number
  readonly globalStep: number
  readonly metrics: Readonly<Record<string, number>>
  readonly checkpoint: string | undefined
  readonly error: string | undefined
}

const RUN = new URL('./digits-run.ts', import.meta.url)

/** One training in workers of its own, which may be stopped and go on. */
export class Training {
  readonly id: string
  readonly #request: TrainingRequest
  readonly #folder: string
  readonly #listeners = new Set<(event: RunEvent) => void>()
  #view: Omit<TrainingView, 'id'>
  #stopping = new AbortController()
  #ended: Promise<void> = Promise.resolve()

  constructor(id: string, request: TrainingRequest, folder: string) {
    this.id = id
    this.#request = request
    this.#folder = `${folder}/${id}`
    this.#view = { status: 'running', epoch: 0, globalStep: 0, metrics: {}, checkpoint: undefined, error: undefined }
    this.#start()
  }

  get view(): TrainingView {
    return { id: this.id, ...this.#view }
  }

  /** Asks the workers to stop after the step at hand; they save a checkpoint. Resolves when they have. */
  async stop(): Promise<void> {
    this.#stopping.abort('stopped by a client')
    await this.#ended
  }

  get canResume(): boolean {
    return this.#view.status !== 'running' && this.#view.checkpoint !== undefined
  }

  /** Goes on from the last checkpoint. */
  resume(): void {
    if (this.canResume) this.#start(this.#view.checkpoint)
  }

  /** Calls `listener` with everything that happens. Returns what undoes it. */
  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #start(checkpoint?: string): void {
    this.#stopping = new AbortController()
    this.#view = { ...this.#view, status: 'running', error: undefined }
    this.#ended = this.#fit(checkpoint).then(
      (result) => this.#end({ status: result.status, checkpoint: result.lastCheckpoint ?? this.#view.checkpoint }),
      (error: Error) => this.#end({ status: 'failed', error: error.message }),
    )
  }

  #fit(checkpoint: string | undefined): Promise<FitResult> {
    const { devices = 1, hparams = {} } = this.#request
    // Off this thread with one device too: it has requests to answer.
    const trainer = new Trainer({ devices, launcher: 'worker', maxRestarts: 2, defaultRootDir: this.#folder })
    return trainer.fit(RUN, {
      hparams,
      signal: this.#stopping.signal,
      onEvent: (event) => this.#take(event),
      ...(checkpoint === undefined ? {} : { ckptPath: checkpoint }),
    })
  }

  #take(event: RunEvent): void {
    if (event.type === 'progress') {
      const { epoch, globalStep } = event.clock
      this.#view = { ...this.#view, epoch, globalStep, metrics: event.metrics }
    }
    if (event.type === 'checkpoint') this.#view = { ...this.#view, checkpoint: event.location }
    for (const listener of this.#listeners) listener(event)
  }

  #end(change: Partial<TrainingView>): void {
    this.#view = { ...this.#view, ...change }
  }
}
