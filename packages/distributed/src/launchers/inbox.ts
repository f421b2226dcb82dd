/** Keeps messages for the listener that comes. */
export class Inbox {
  readonly #waiting: unknown[] = []
  #listener: ((message: unknown) => void) | undefined

  receive(message: unknown): void {
    if (this.#listener) this.#listener(message)
    else this.#waiting.push(message)
  }

  listen(listener: (message: unknown) => void): void {
    this.#listener = listener
    for (const message of this.#waiting.splice(0)) listener(message)
  }
}
