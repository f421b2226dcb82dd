import type { Socket } from 'node:net'
import type { WireMessage } from './messages.js'

/** Longer than any message of ours: a stranger on the port must not fill the memory. */
const LONGEST = 1 << 16

/** Messages over a socket, one per line. */
export class Link {
  /** When something came last, by `performance.now()`. */
  heard = performance.now()
  readonly #socket: Socket
  #rest = ''

  constructor(socket: Socket, onMessage: (message: WireMessage) => void, onGone: () => void) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#read(text, onMessage))
    socket.on('error', () => socket.destroy())
    socket.once('close', onGone)
  }

  /** @param done called when the system has taken it, or the link is gone */
  send(message: WireMessage, done?: () => void): void {
    if (this.#socket.destroyed || !this.#socket.writable) done?.()
    else this.#socket.write(`${JSON.stringify(message)}\n`, () => done?.())
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string, onMessage: (message: WireMessage) => void): void {
    this.heard = performance.now()
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    const messages = lines.map(parse)
    for (const message of messages) if (message) onMessage(message)
    if (this.#rest.length > LONGEST || messages.includes(undefined)) this.close()
  }
}

function parse(line: string): WireMessage | undefined {
  try {
    const message: unknown = JSON.parse(line)
    return typeof message === 'object' && message !== null && 'type' in message ? (message as WireMessage) : undefined
  } catch {
    return undefined
  }
}
