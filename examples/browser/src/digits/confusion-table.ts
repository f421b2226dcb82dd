import type { MetricRow } from '@levin/core'

const CLASSES = Array.from({ length: 10 }, (_, digit) => digit)

/** Which digits were taken for which, of those that were validated on: rows are what they are, columns what was guessed. */
export class ConfusionTable {
  readonly #cells: readonly (readonly HTMLTableCellElement[])[]

  constructor(table: HTMLTableElement) {
    const head = table.createTHead().insertRow()
    head.append(headerOf('', 'col'), ...CLASSES.map((digit) => headerOf(`${digit}`, 'col')))
    const body = table.createTBody()
    this.#cells = CLASSES.map((digit) => {
      const row = body.insertRow()
      row.append(headerOf(`${digit}`, 'row'))
      return CLASSES.map(() => row.insertCell())
    })
    this.clear()
  }

  clear(): void {
    for (const cell of this.#cells.flat()) {
      cell.textContent = '·'
      cell.style.background = ''
    }
  }

  /** Takes `val/confusion/<label>-<guess>` out of a row of metrics. */
  show(metrics: MetricRow): void {
    for (const label of CLASSES) {
      const counts = CLASSES.map((guess) => metrics[`val/confusion/${label}-${guess}`] ?? 0)
      const total = counts.reduce((a, b) => a + b, 0)
      if (total === 0) continue
      for (const guess of CLASSES) {
        const cell = this.#cells[label]?.[guess] as HTMLTableCellElement
        const count = counts[guess] as number
        cell.textContent = count === 0 ? '·' : `${count}`
        const share = Math.round((100 * count) / total)
        const color = guess === label ? '70 150 90' : '200 70 70'
        cell.style.background = count === 0 ? '' : `rgb(${color} / ${20 + 0.6 * share}%)`
      }
    }
  }
}

function headerOf(text: string, scope: 'row' | 'col'): HTMLTableCellElement {
  const header = document.createElement('th')
  header.scope = scope
  header.textContent = text
  return header
}
