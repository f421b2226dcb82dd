/** Two significant digits, in the unit that suits. */
export function duration(seconds: number): string {
  const units = [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
    [1e-9, 'ns'],
  ] as const
  const [size, unit] = units.find(([each]) => seconds >= 0.9995 * each) ?? units[3]
  return `${digits(seconds / size, 2)} ${unit}`
}

/** Significant digits, without an exponent. */
export function digits(value: number, count: number): string {
  if (!Number.isFinite(value)) return 'never'
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(count))
  const decimals = Math.max(0, count - 1 - Math.floor(Math.log10(Math.abs(rounded))))
  return rounded.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

export const percent = (part: number): string => `${digits(100 * part, part < 0.0995 ? 1 : 2)} %`

export const bytes = (count: number): string => {
  const [size, unit] = (
    [
      [1e9, 'GB'],
      [1e6, 'MB'],
      [1e3, 'kB'],
      [1, 'B'],
    ] as const
  ).find(([each]) => count >= each) ?? [1, 'B']
  return `${digits(count / size, 2)} ${unit}`
}

/** `1.2 G`, `340 M`. */
export const many = (count: number): string =>
  count >= 1e9 ? `${digits(count / 1e9, 2)} G` : `${digits(count / 1e6, 2)} M`

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
