const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

interface Emitter {
  listeners(event: string): unknown[]
  removeListener(event: string, listener: unknown): void
}

/**
 * Runs `start`, in which emscripten's start-up code runs, and undoes what it does to the process around it.
 *
 * - It puts listeners on the process that throw whatever error reaches them, and so would end a service that handles
 *   such errors itself: they are taken away again.
 * - It reads `__dirname`, which is not there once it was bundled into an ES module: it gets one meanwhile.
 */
export async function startEmscripten<T>(start: () => Promise<T>): Promise<T> {
  const { process } = globalThis as unknown as { process?: Partial<Emitter> }
  if (!process?.listeners || !process.removeListener) return start()
  const emitter = process as Emitter
  const before = EVENTS.map((event) => new Set(emitter.listeners(event)))
  const global = globalThis as { __dirname?: string }
  const lacksFolder = global.__dirname === undefined
  if (lacksFolder) global.__dirname = '.'
  try {
    return await start()
  } finally {
    if (lacksFolder) delete global.__dirname
    for (const [index, event] of EVENTS.entries()) {
      const added = emitter.listeners(event).filter((listener) => !before[index]?.has(listener))
      for (const listener of added.filter(rethrows)) emitter.removeListener(event, listener)
    }
  }
}

// Others may add listeners while the backend starts; emscripten's are told by their text.
const rethrows = (listener: unknown): boolean => /^function\s*\((\w+)\)\s*\{.*throw \1\b/s.test(String(listener))
