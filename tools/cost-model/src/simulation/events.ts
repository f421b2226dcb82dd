/** Things that happen at times, earliest first; those of one time in the order in which they were planned. A binary heap. */
export class EventQueue<E> {
  readonly #heap: { readonly time: number; readonly order: number; readonly event: E }[] = []
  #planned = 0

  get size(): number {
    return this.#heap.length
  }

  plan(time: number, event: E): void {
    const heap = this.#heap
    const entry = { time, order: this.#planned++, event }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent] as typeof entry)) break
      heap[at] = heap[parent] as typeof entry
      at = parent
    }
    heap[at] = entry
  }

  next(): { readonly time: number; readonly event: E } | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as typeof last, heap[child] as typeof last)) child++
      if (!isBefore(heap[child] as typeof last, last)) break
      heap[at] = heap[child] as typeof last
      at = child
    }
    heap[at] = last
    return first
  }
}

interface Timed {
  readonly time: number
  readonly order: number
}

const isBefore = (a: Timed, b: Timed): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)
