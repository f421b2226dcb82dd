import { readFileSync } from 'node:fs'

/** What `npm run bench -- <suite> --json <path>` writes, as far as it is read here. */
export interface Results {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  readonly works: readonly {
    readonly name: string
    readonly contenders: Readonly<Record<string, { readonly median: number; readonly spread: number }>>
  }[]
}

/** Medians of one run of the bench, in microseconds. */
export class Measurements {
  readonly #results: Results

  constructor(results: Results) {
    this.#results = results
  }

  static of(suite: 'collectives' | 'network'): Measurements {
    const path = new URL(`../measured/${suite}.json`, import.meta.url)
    return new Measurements(JSON.parse(readFileSync(path, 'utf8')) as Results)
  }

  get machine(): Results['machine'] {
    return this.#results.machine
  }

  /** Seconds. @throws an Error that names what was not measured */
  seconds(work: string, contender: string): number {
    const found = this.#results.works.find(({ name }) => name === work)?.contenders[contender]
    if (!found) throw new Error(`'${work}' of '${contender}' is not among the measurements: run the bench again.`)
    return found.median * 1e-6
  }
}
