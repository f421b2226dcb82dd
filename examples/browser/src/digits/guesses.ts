/** How likely each digit is, as ten bars. */
export class Guesses {
  readonly #rows: readonly { readonly meter: HTMLMeterElement; readonly number: HTMLElement }[]

  constructor(list: HTMLElement) {
    this.#rows = Array.from({ length: 10 }, (_, digit) => {
      const name = document.createElement('span')
      name.textContent = `${digit}`
      const meter = document.createElement('meter')
      meter.setAttribute('aria-label', `probability of ${digit}`)
      const number = document.createElement('span')
      list.append(name, meter, number)
      return { meter, number }
    })
    this.show(undefined)
  }

  show(probabilities: ArrayLike<number> | undefined): void {
    for (const [digit, { meter, number }] of this.#rows.entries()) {
      const value = probabilities?.[digit] ?? 0
      meter.value = value
      number.textContent = probabilities ? `${Math.round(100 * value)} %` : '–'
    }
  }
}
