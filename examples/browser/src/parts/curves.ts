import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface Curve {
  readonly label: string
  readonly color: string
}

const HEIGHT = 200

/** Lines over the number of updates, each with values of its own. Redrawn at most once per frame. */
export class Curves {
  readonly #plot: uPlot
  readonly #rows = new Map<number, (number | null)[]>()
  readonly #curves: readonly Curve[]
  #due = false

  constructor(
    element: HTMLElement,
    curves: readonly Curve[],
    { range }: { readonly range?: readonly [number, number] } = {},
  ) {
    this.#curves = curves
    const ink = getComputedStyle(document.body).color
    const axis = { stroke: ink, grid: { stroke: '#8884', width: 1 }, ticks: { stroke: '#8884', width: 1 } }
    this.#plot = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height: HEIGHT,
        scales: { x: { time: false }, ...(range ? { y: { range: [...range] as [number, number] } } : {}) },
        axes: [axis, { ...axis, size: 46 }],
        series: [
          { label: 'update' },
          ...curves.map(({ label, color }) => ({
            label,
            stroke: color,
            width: 2,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      [[], ...curves.map(() => [])],
      element,
    )
    new ResizeObserver(() => {
      this.#plot.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT })
    }).observe(element)
  }

  add(step: number, values: readonly (number | undefined)[]): void {
    const row = this.#rows.get(step) ?? this.#curves.map(() => null)
    this.#rows.set(
      step,
      row.map((value, index) => values[index] ?? value),
    )
    this.#draw()
  }

  clear(): void {
    this.#rows.clear()
    this.#draw()
  }

  #draw(): void {
    if (this.#due) return
    this.#due = true
    requestAnimationFrame(() => {
      this.#due = false
      const steps = [...this.#rows.keys()].sort((a, b) => a - b)
      this.#plot.setData([
        steps,
        ...this.#curves.map((_, index) => steps.map((step) => this.#rows.get(step)?.[index] ?? null)),
      ])
    })
  }
}
