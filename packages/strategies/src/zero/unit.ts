import type { Layer, Parameter } from '@levin/core'
import type { Frame } from './frame.js'
import type { Line } from './line.js'

/** Parameters that are gathered together: those of one layer, or what belongs to none alone. */
export interface Unit {
  /** `undefined`: gathered for the whole step. */
  readonly layer: Layer<unknown, unknown> | undefined
  readonly parameters: readonly Parameter[]
  lines: readonly Line[]
}

/** One call of a unit's layer. */
export interface Use {
  /** What was gathered for it when it ran forward. */
  units: readonly Unit[]
  /** While it runs a second time. */
  frame: Frame | undefined
}

/**
 * The calls of units on one tape. The walk back meets them in reverse; one that it leaves out, since this rank's loss does not
 * depend on it, is made up for, so that the other ranks do not wait.
 */
export class Uses {
  readonly #open: Use[] = []
  readonly #makeUpFor: (use: Use) => void

  constructor(makeUpFor: (use: Use) => void) {
    this.#makeUpFor = makeUpFor
  }

  add(use: Use): void {
    this.#open.push(use)
  }

  /** The walk has come to `use`. */
  reach(use: Use): void {
    for (let last = this.#open.pop(); last && last !== use; last = this.#open.pop()) this.#makeUpFor(last)
  }

  /** The walk is over. */
  finish(): void {
    for (let last = this.#open.pop(); last; last = this.#open.pop()) this.#makeUpFor(last)
  }
}
