import { currentPlatform, type Platform, type Signal, type Terminal } from '@levin/core'
import type { RankInput } from './rank-input.js'

/** The platform of a rank: its own, but for the terminal and the signals, which are those of the program that launched it. */
export class RankPlatform implements Platform {
  readonly #own = currentPlatform()
  readonly #listeners = new Map<Signal, Set<() => void>>()
  readonly name = this.#own.name
  readonly runtime = this.#own.runtime
  readonly environment = this.#own.environment
  readonly files = this.#own.files
  readonly processors = this.#own.processors
  readonly now = this.#own.now
  readonly nextTurn = this.#own.nextTurn
  readonly terminal: Terminal | undefined

  constructor(terminal: RankInput['terminal'], write: (text: string) => void) {
    this.terminal = terminal && {
      interactive: terminal.interactive,
      color: terminal.color,
      columns: () => terminal.columns,
      write,
    }
  }

  // Fields, since callers take them off the platform.
  readonly onSignal = (signal: Signal, listener: () => void): (() => void) => {
    const listeners = this.#listeners.get(signal) ?? new Set()
    this.#listeners.set(signal, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** A signal has reached the program that launched the rank. */
  raise(signal: Signal): void {
    for (const listener of [...(this.#listeners.get(signal) ?? [])]) listener()
  }
}
