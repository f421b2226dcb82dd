import { LevinError, type NumericType, type ProcessGroup } from '@levin/core'
import type { Form, HostValues, Message } from './message.js'

/** Before every message: which shapes it has, bytes of their description if they are new, loss, weight, time. */
const HEADER = 5

const NOTHING = -1

/** The shapes of a message, which are described once. */
interface Description {
  readonly form: Form
  readonly tensors: readonly { readonly shape: readonly number[]; readonly dtype: NumericType }[]
}

interface Awaited {
  readonly message: Promise<Message>
  resolve(message: Message): void
  reject(error: unknown): void
}

/**
 * Messages between the ranks of a pipeline. Nobody waits when sending, and receiving goes on ahead of the need: a rank knows in which
 * order the others send, since all have the same schedule, and keeps what comes until it is asked for.
 *
 * A message costs 40 bytes more than its tensors; the first of a form costs its description too.
 */
export class Links {
  readonly #group: ProcessGroup
  /** By destination: the descriptions sent so far, with their numbers. */
  readonly #sentForms = new Map<number, Map<string, number>>()
  /** By source. */
  readonly #knownForms = new Map<number, Description[]>()
  readonly #awaited = new Map<string, Awaited>()
  readonly #sending = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(group: ProcessGroup) {
    this.#group = group
  }

  get isSending(): boolean {
    return this.#sending.size > 0
  }

  /** Says what comes from a rank next, in its order. */
  expect(source: number, keys: readonly string[]): void {
    for (const key of keys) this.#awaited.set(key, awaited())
    void this.#receiveAll(source, keys)
  }

  /** The message with this key, once it has come. */
  async take(key: string): Promise<Message> {
    const awaited = this.#awaited.get(key)
    if (!awaited) throw new TypeError(`Nobody sends '${key}'.`)
    const message = await awaited.message
    this.#awaited.delete(key)
    return message
  }

  /** The message goes on its way. An error comes out of {@link settle}. */
  send(destination: number, { form, values, loss, weight, time }: Message): void {
    const { asynchronous } = this.#group
    const header = new Float64Array(HEADER)
    const parts: Uint8Array[] = [new Uint8Array(header.buffer)]
    header.set([NOTHING, 0, loss, weight, time])
    if (form) {
      const tensors = values.map(({ shape, dtype }) => ({ shape, dtype }))
      const [number, text] = this.#describe(destination, JSON.stringify({ form, tensors }))
      header[0] = number
      if (text) parts.push(text)
      header[1] = text?.length ?? 0
      for (const { bytes } of values) if (bytes.length > 0) parts.push(bytes)
    }
    for (const part of parts) this.#track(asynchronous.send(part, destination))
  }

  /** Waits until everything is sent. */
  async settle(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending)
    if (this.#failure) throw this.#failure.error
  }

  /** Lets what is awaited go, after a failure. */
  abandon(): void {
    for (const { message } of this.#awaited.values()) message.catch(() => undefined)
    this.#awaited.clear()
  }

  #track(sending: Promise<void>): void {
    const tracked = sending
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#sending.delete(tracked))
    this.#sending.add(tracked)
  }

  #describe(destination: number, text: string): readonly [number: number, text: Uint8Array | undefined] {
    const known = this.#sentForms.get(destination) ?? new Map<string, number>()
    this.#sentForms.set(destination, known)
    const number = known.get(text)
    if (number !== undefined) return [number, undefined]
    known.set(text, known.size)
    return [known.size - 1, new TextEncoder().encode(text)]
  }

  async #receiveAll(source: number, keys: readonly string[]): Promise<void> {
    const waiting = keys.map((key) => this.#awaited.get(key) as Awaited)
    for (const [index, { resolve }] of waiting.entries()) {
      try {
        resolve(await this.#receive(source))
      } catch (error) {
        for (const { reject } of waiting.slice(index)) reject(error)
        return
      }
    }
  }

  async #receive(source: number): Promise<Message> {
    const header = new Float64Array(HEADER)
    await this.#group.asynchronous.receive(new Uint8Array(header.buffer), source)
    const [number, described, loss, weight, time] = header as unknown as [number, number, number, number, number]
    if (number === NOTHING) return { form: undefined, values: [], loss, weight, time }
    const { form, tensors } = await this.#description(source, number, described)
    const values: HostValues[] = []
    for (const { shape, dtype } of tensors) {
      const bytes = new Uint8Array(shape.reduce((size, length) => size * length, dtype === 'bool' ? 1 : 4))
      if (bytes.length > 0) await this.#group.asynchronous.receive(bytes, source)
      values.push({ shape, dtype, bytes })
    }
    return { form, values, loss, weight, time }
  }

  async #description(source: number, number: number, bytes: number): Promise<Description> {
    const known = this.#knownForms.get(source) ?? []
    this.#knownForms.set(source, known)
    if (bytes > 0) {
      const text = new Uint8Array(bytes)
      await this.#group.asynchronous.receive(text, source)
      known[number] = JSON.parse(new TextDecoder().decode(text)) as Description
    }
    const description = known[number]
    if (description) return description
    throw new LevinError('LEVIN_COLLECTIVE', {
      message: `A message of stage ${source} has shapes that were never described.`,
      remedy: 'Let all ranks run the same version of the program.',
    })
  }
}

function awaited(): Awaited {
  let settle: Pick<Awaited, 'resolve' | 'reject'> | undefined
  const message = new Promise<Message>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Whoever never asks for it, since something else has failed before, is not to fail the process.
  message.catch(() => undefined)
  return { message, ...(settle as Pick<Awaited, 'resolve' | 'reject'>) }
}
