import { currentPlatform, type Platform, type Signal, type Terminal } from '@levin/core'
import { MemoryFiles } from './memory-files.js'

export interface TestPlatformOptions {
  /** Whether lines can be rewritten in place. Default `false`. */
  readonly interactive?: boolean
  /** Default 80. */
  readonly columns?: number
  /** Milliseconds that pass with each look at the clock. Default 0: it stands until {@link TestPlatform.advance}. */
  readonly tick?: number
}

/** A platform whose clock, terminal, files and signals the test holds in its hands. */
export class TestPlatform implements Platform {
  readonly name = 'test'
  readonly runtime = 'test'
  readonly environment = {}
  readonly processors = 1
  readonly files = new MemoryFiles()
  readonly terminal: Terminal
  /** Everything that was written to the terminal. */
  written = ''
  readonly #tick: number
  readonly #listeners = new Map<Signal, Set<() => void>>()
  #time = 0

  constructor({ interactive = false, columns = 80, tick = 0 }: TestPlatformOptions = {}) {
    this.#tick = tick
    this.terminal = {
      interactive,
      color: false,
      columns: () => columns,
      write: (text) => {
        this.written += text
      },
    }
  }

  // A field, since callers take it off the platform.
  readonly now = (): number => {
    this.#time += this.#tick
    return this.#time
  }

  readonly nextTurn = currentPlatform().nextTurn

  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): void {
    this.#time += milliseconds
  }

  readonly onSignal = (signal: Signal, listener: () => void): (() => void) => {
    const listeners = this.#listeners.get(signal) ?? new Set()
    this.#listeners.set(signal, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Sends a signal. Returns whether anybody listened: a process would end otherwise. */
  send(signal: Signal): boolean {
    const listeners = [...(this.#listeners.get(signal) ?? [])]
    for (const listener of listeners) listener()
    return listeners.length > 0
  }

  /** Listeners that are still there. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** What was written, line by line, without the empty end. */
  get lines(): string[] {
    return this.written.split('\n').filter(Boolean)
  }
}
