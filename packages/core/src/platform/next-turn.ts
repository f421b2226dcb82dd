type Turn = () => Promise<void>

/** Node's own: after timers and whatever came in, about a microsecond if nothing did. */
const immediately =
  (later: (run: () => void) => unknown): Turn =>
  () =>
    new Promise((resolve) => later(resolve))

/** Browsers: a message to oneself. A timer would wait four milliseconds. */
function byMessages(): Turn {
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      port2.postMessage(undefined)
    })
}

let turn: Turn | undefined

/** Resolves in another turn of the event loop. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown }
  turn ??= setImmediate ? immediately(setImmediate) : byMessages()
  return turn()
}
