import type { RunEvent } from '@levin/trainer'

/** Numbers of a training under their names. */
export class Figures {
  readonly #list: HTMLElement
  readonly #values = new Map<string, HTMLElement>()

  constructor(list: HTMLElement) {
    this.#list = list
  }

  show(name: string, value: string): void {
    let element = this.#values.get(name)
    if (!element) {
      const [box, term] = [document.createElement('div'), document.createElement('dt')]
      element = document.createElement('dd')
      element.dataset['figure'] = name
      term.textContent = name
      box.append(term, element)
      this.#list.append(box)
      this.#values.set(name, element)
    }
    element.textContent = value
  }
}

/** Samples per second of the last seconds, from the clocks of progress events. */
export class Throughput {
  readonly #seen: { readonly time: number; readonly samples: number }[] = []

  add({ clock }: RunEvent & { type: 'progress' }): number | undefined {
    const now = { time: performance.now(), samples: clock.totalSamples }
    const seen = this.#seen
    // A run that went back to a checkpoint counts anew.
    if ((seen.at(-1)?.samples ?? 0) > now.samples) seen.length = 0
    seen.push(now)
    while (seen.length > 2 && now.time - (seen[0]?.time ?? 0) > 5000) seen.shift()
    const first = seen[0] as (typeof seen)[number]
    return now.time > first.time ? (1000 * (now.samples - first.samples)) / (now.time - first.time) : undefined
  }
}
