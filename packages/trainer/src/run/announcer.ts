import type { LiveLine, Platform } from '@levin/core'

/** Tells the person at the terminal what happens, on rank zero only, and never through the middle of a progress bar. */
export class Announcer {
  readonly #write: (text: string) => void
  readonly #said = new Set<string>()
  live: LiveLine | undefined

  constructor({ terminal }: Platform, speaks: boolean) {
    this.#write = speaks ? (terminal ? (text) => terminal.write(`${text}\n`) : (text) => console.info(text)) : () => {}
  }

  say(message: string, level: 'info' | 'warning' = 'info'): void {
    this.live?.clear()
    this.#write(level === 'warning' ? `warning: ${message}` : message)
    this.live?.redraw()
  }

  /** Says the same thing only once per run. */
  once(message: string, level: 'info' | 'warning' = 'warning'): void {
    if (this.#said.has(message)) return
    this.#said.add(message)
    this.say(message, level)
  }
}
