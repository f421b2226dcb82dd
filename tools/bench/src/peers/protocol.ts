/**
 * How the bench drives a contender in a process of its own, in any language:
 *
 *     contender → @ready {"about": "what it runs on"}
 *     bench     → run 20
 *     contender → @done {"seconds": 0.4, "check": 2.3}     (check: the loss of the step that all are compared at)
 *
 * until stdin ends. A contender that cannot be had here says `@absent {"reason": "…"}` instead. Lines without @ are the contender's own affair. Reading blocks: whatever the contender is inside of,
 * a loop, a Trainer, asks for the next batch and waits there.
 */
import { readSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** The loss of the step that is compared; a contender reports it when it comes by. */
export class LossCheck {
  readonly #step: number
  #steps = 0
  #loss: number | undefined

  constructor(step: number) {
    this.#step = step
  }

  /** Called once per step. Reading a loss can make a device wait, so it is read at this one step alone. */
  async seeAsync(read: () => Promise<number>): Promise<void> {
    if (++this.#steps === this.#step) this.#loss = await read()
  }

  /** As {@link seeAsync}, where reading does not wait. */
  see(read: () => number): void {
    if (++this.#steps === this.#step) this.#loss = read()
  }

  get loss(): number | undefined {
    return this.#loss
  }
}

/** What else happens around the steps of a request. */
export interface RequestHooks {
  /** Before the clock starts. */
  before?(steps: number): void
  /** More to report, in seconds. */
  parts?(): Readonly<Record<string, number>>
}

/** The batches of as many steps as the bench asks for, in turn; between its requests the contender waits here. */
export function* askedFor<B>(
  batches: readonly B[],
  about: string,
  check: LossCheck,
  { before, parts }: RequestHooks = {},
): Generator<B> {
  say('@ready', { about })
  let position = 0
  for (let steps = nextRequest(); steps !== undefined; steps = nextRequest()) {
    before?.(steps)
    const start = performance.now()
    for (let step = 0; step < steps; step++) yield batches[position++ % batches.length] as B
    say('@done', { seconds: (performance.now() - start) / 1000, check: check.loss, parts: parts?.() })
  }
}

/** Does as many steps as the bench asks for, in turn. `run` gives the seconds and what is compared. */
export function serve(about: string, run: (steps: number) => { seconds: number; check: number }): void {
  say('@ready', { about })
  for (let steps = nextRequest(); steps !== undefined; steps = nextRequest()) say('@done', run(steps))
}

/** Says that this machine lacks something, and ends. */
export function absent(reason: string): never {
  say('@absent', { reason })
  process.exit(0)
}

const say = (word: string, value: object): void => void writeSync(1, `${word} ${JSON.stringify(value)}\n`)

/** Steps to run; `undefined` at the end. */
function nextRequest(): number | undefined {
  let line = ''
  const byte = Buffer.alloc(1)
  while (!line.endsWith('\n')) {
    if (readSync(0, byte) === 0) return undefined
    line += byte.toString('latin1')
  }
  return Number(line.slice('run '.length))
}
