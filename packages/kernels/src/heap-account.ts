/** What lies on the heap of one backend, in bytes. Counted where memory is taken and given back: two additions for each. */
export class HeapAccount {
  #tensorBytes = 0
  #workspaceBytes = 0
  #peakBytes = 0

  /** Data of tensors; what several tensors share counts once. */
  get tensorBytes(): number {
    return this.#tensorBytes
  }

  /** Scratch memory that the kernels keep. */
  get workspaceBytes(): number {
    return this.#workspaceBytes
  }

  /** Most bytes of both together since the start or {@link resetPeak}. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  /** @param bytes negative where they are given back */
  addTensor(bytes: number): void {
    this.#tensorBytes += bytes
    this.#notePeak()
  }

  addWorkspace(bytes: number): void {
    this.#workspaceBytes += bytes
    this.#notePeak()
  }

  resetPeak(): void {
    this.#peakBytes = this.#tensorBytes + this.#workspaceBytes
  }

  #notePeak(): void {
    const bytes = this.#tensorBytes + this.#workspaceBytes
    if (bytes > this.#peakBytes) this.#peakBytes = bytes
  }
}
