const SIZE = 28
/** Pixels of the canvas per pixel of the drawing. */
const SCALE = 10
const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/**
 * An element whose canvas is drawn on by finger, mouse, pen or keys: arrows move, the space bar puts the pen down or lifts it, Delete
 * wipes. `onChange` gets `[28 · 28]` values from 0 to 1, or nothing of an empty pad.
 */
export class DrawingPad {
  readonly #context: CanvasRenderingContext2D
  readonly #canvas: HTMLCanvasElement
  readonly #onChange: (drawing: Float32Array | undefined) => void
  #at = { x: 8, y: 6 }
  #penDown = false
  #empty = true

  constructor(element: HTMLElement, onChange: (drawing: Float32Array | undefined) => void) {
    const canvas = element.querySelector('canvas')
    if (!canvas) throw new Error('A drawing pad holds a canvas.')
    this.#canvas = canvas
    this.#onChange = onChange
    canvas.width = SIZE * SCALE
    canvas.height = SIZE * SCALE
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('This browser draws on no canvas.')
    this.#context = context
    context.lineWidth = 2.2 * SCALE
    context.lineCap = 'round'
    context.lineJoin = 'round'
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId)
      this.#at = this.#positionOf(event)
      this.#lineTo(this.#at)
    })
    canvas.addEventListener('pointermove', (event) => {
      if (event.buttons !== 0) this.#lineTo(this.#positionOf(event))
    })
    element.tabIndex = 0
    element.addEventListener('keydown', (event) => this.#onKey(event))
    this.clear()
  }

  clear(): void {
    this.#context.fillStyle = '#000000'
    this.#context.fillRect(0, 0, SIZE * SCALE, SIZE * SCALE)
    this.#empty = true
    this.#penDown = false
    this.#onChange(undefined)
  }

  /** `[28 · 28]`, from 0 to 1, the ink in the middle as in the digits that were trained on. */
  get drawing(): Float32Array | undefined {
    return this.#empty ? undefined : centred(this.#pixels())
  }

  #positionOf({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect()
    return { x: ((clientX - left) / width) * SIZE, y: ((clientY - top) / height) * SIZE }
  }

  #onKey(event: KeyboardEvent): void {
    const move = KEYS[event.key]
    if (move) {
      const to = { x: clamp(this.#at.x + move[0]), y: clamp(this.#at.y + move[1]) }
      if (this.#penDown) this.#lineTo(to)
      else this.#at = to
    } else if (event.key === ' ') {
      this.#penDown = !this.#penDown
      if (this.#penDown) this.#lineTo(this.#at)
    } else if (event.key === 'Delete' || event.key === 'Backspace') this.clear()
    else return
    event.preventDefault()
  }

  #lineTo(to: { x: number; y: number }): void {
    const context = this.#context
    context.strokeStyle = '#ffffff'
    context.beginPath()
    context.moveTo(this.#at.x * SCALE, this.#at.y * SCALE)
    // A line of no length is drawn by no browser.
    context.lineTo(to.x * SCALE + 0.01, to.y * SCALE)
    context.stroke()
    this.#at = to
    this.#empty = false
    this.#onChange(this.drawing)
  }

  #pixels(): Float32Array {
    const { data } = this.#context.getImageData(0, 0, SIZE * SCALE, SIZE * SCALE)
    const pixels = new Float32Array(SIZE * SIZE)
    for (let y = 0; y < SIZE * SCALE; y++) {
      for (let x = 0; x < SIZE * SCALE; x++) {
        const at = Math.floor(y / SCALE) * SIZE + Math.floor(x / SCALE)
        pixels[at] = (pixels[at] as number) + (data[4 * (y * SIZE * SCALE + x)] as number) / (255 * SCALE * SCALE)
      }
    }
    return pixels
  }
}

const clamp = (value: number): number => Math.min(SIZE - 1, Math.max(0, value))

/** Moves the centre of mass into the middle, as MNIST's digits were. */
function centred(pixels: Float32Array): Float32Array {
  let [mass, sumX, sumY] = [0, 0, 0]
  for (const [at, value] of pixels.entries()) {
    mass += value
    sumX += value * (at % SIZE)
    sumY += value * Math.floor(at / SIZE)
  }
  if (mass === 0) return pixels
  const [shiftX, shiftY] = [Math.round(13.5 - sumX / mass), Math.round(13.5 - sumY / mass)]
  const moved = new Float32Array(pixels.length)
  for (const [at, value] of pixels.entries()) {
    const [x, y] = [(at % SIZE) + shiftX, Math.floor(at / SIZE) + shiftY]
    if (x >= 0 && x < SIZE && y >= 0 && y < SIZE) moved[y * SIZE + x] = value
  }
  return moved
}
