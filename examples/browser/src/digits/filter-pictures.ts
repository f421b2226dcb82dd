/** What the first convolution looks for, one picture per filter. */
export class FilterPictures {
  readonly #element: HTMLElement

  constructor(element: HTMLElement) {
    this.#element = element
  }

  /** @param filters `[height, width, 1, count]`, row by row */
  show(filters: Float32Array, [height, width, , count]: readonly [number, number, number, number]): void {
    while (this.#element.childElementCount > count) this.#element.lastElementChild?.remove()
    while (this.#element.childElementCount < count) this.#element.append(document.createElement('canvas'))
    const most = filters.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9)
    for (let filter = 0; filter < count; filter++) {
      const canvas = this.#element.children[filter] as HTMLCanvasElement
      canvas.width = width
      canvas.height = height
      canvas.setAttribute('role', 'img')
      canvas.setAttribute('aria-label', `filter ${filter + 1}`)
      const picture = new ImageData(width, height)
      for (let at = 0; at < height * width; at++) {
        const value = (filters[at * count + filter] as number) / most
        // Blue where ink is wanted, red where it is not.
        picture.data.set(
          [255 * (1 - Math.max(0, value)), 255 * (1 - Math.abs(value)), 255 * (1 - Math.max(0, -value)), 255],
          4 * at,
        )
      }
      canvas.getContext('2d')?.putImageData(picture, 0, 0)
    }
  }
}
