import { element } from './element.js'
import { type AcceleratorName, type Hardware, LABELS, mostWorkers } from './hardware.js'
import type { Choices, Session, SessionState } from './session.js'

/** The buttons of a page, and what is chosen beside them. */
export class Controls {
  readonly #first = element<HTMLButtonElement>('train')
  readonly #reset = element<HTMLButtonElement>('reset')
  readonly #accelerator = element<HTMLSelectElement>('accelerator')
  readonly #workers = element<HTMLSelectElement>('workers')
  readonly #lose = element<HTMLButtonElement>('lose')
  readonly #hparams: () => Choices['hparams']

  constructor(session: () => Session, { names }: Hardware, hparams: () => Choices['hparams']) {
    this.#hparams = hparams
    for (const name of names) this.#accelerator.add(new Option(LABELS[name], name))
    for (let workers = 1; workers <= mostWorkers(); workers++) this.#workers.add(new Option(`${workers}`, `${workers}`))
    if (mostWorkers() === 1) this.#workers.title = 'More than one needs a cross-origin isolated page.'
    const act: Readonly<Record<SessionState, () => void>> = {
      new: () => session().train(this.choices),
      finished: () => session().train(this.choices),
      paused: () => session().continue(this.choices),
      training: () => session().pause(),
      pausing: () => {},
    }
    this.#first.addEventListener('click', () => act[session().state]())
    this.#reset.addEventListener('click', () => void session().reset())
    this.#accelerator.addEventListener('change', () => this.#settleWorkers())
    this.#settleWorkers()
  }

  get choices(): Choices {
    return {
      accelerator: this.#accelerator.value as AcceleratorName,
      workers: Number(this.#workers.value),
      hparams: this.#hparams(),
    }
  }

  choose({ accelerator, workers }: Choices): void {
    const known = [...this.#accelerator.options].some(({ value }) => value === accelerator)
    if (known) this.#accelerator.value = accelerator
    this.#settleWorkers()
    if (workers <= this.#workers.length && !this.#workers.disabled) this.#workers.value = `${workers}`
  }

  show(state: SessionState): void {
    const texts: Readonly<Record<SessionState, string>> = {
      new: 'Train',
      training: 'Pause',
      pausing: 'Pausing …',
      paused: 'Continue',
      finished: 'Train again',
    }
    this.#first.textContent = texts[state]
    this.#first.disabled = state === 'pausing'
    this.#reset.disabled = state === 'new'
    this.#accelerator.disabled = state === 'training' || state === 'pausing'
    this.#settleWorkers()
    this.#lose.disabled = state !== 'training' || this.#accelerator.value === 'cpu'
    document.documentElement.dataset['state'] = state
  }

  /** Data parallelism blocks in its collectives, which a GPU's queue does not let it do. */
  #settleWorkers(): void {
    const alone = this.#accelerator.value !== 'cpu'
    if (alone) this.#workers.value = '1'
    this.#workers.disabled = alone || this.#accelerator.disabled || this.#workers.length === 1
  }
}
