/** Cuts what a rank writes into whole lines; what has no end yet waits for it. */
export class OutputLines {
  readonly #emit: (line: string) => void
  readonly #decoder = new TextDecoder()
  #rest = ''

  constructor(emit: (line: string) => void) {
    this.#emit = emit
  }

  write(chunk: Uint8Array | string): void {
    this.#rest += typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line)
  }

  end(): void {
    if (this.#rest !== '') this.#emit(this.#rest)
    this.#rest = ''
  }
}
