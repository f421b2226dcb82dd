import type { Storage } from './storage.js'

/** Saves of one place come one after the other, so that the later call is the one that stays. */
export class SaveTurns {
  readonly #storage: Storage
  readonly #last = new Map<string, Promise<void>>()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Runs `save` once those before it are over, however they ended. */
  async take(path: string, save: () => Promise<void>): Promise<void> {
    const before = this.#last.get(path) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => this.alone(path, save))
    this.#last.set(path, turn)
    try {
      await turn
    } finally {
      if (this.#last.get(path) === turn) this.#last.delete(path)
    }
  }

  /** Runs an action while no other program changes what belongs to the place, where the storage needs that. */
  alone(path: string, action: () => Promise<void>): Promise<void> {
    return this.#storage.exclusively?.(path, action) ?? action()
  }

  /** Resolves when no save of that place is going on. */
  async over(path: string): Promise<void> {
    await this.#last.get(path)?.catch(() => undefined)
  }
}
