/** One line of a chart. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly lines: readonly Line[]
  /** Values of y that have a mark, from the lowest on; labelled by `label`. */
  readonly marks: readonly number[]
  readonly label: (value: number) => string
  /** Whether y grows by factors. Default: by steps. */
  readonly logarithmic?: boolean
}

const [WIDTH, HEIGHT] = [720, 400]
const FRAME = { left: 70, right: 190, top: 40, bottom: 50 }
/** Told apart in black and white too: by their dashes. */
const STROKES = [
  ['#1f6feb', ''],
  ['#d1242f', '6 3'],
  ['#1a7f37', '2 3'],
  ['#8250df', '8 3 2 3'],
] as const

/** x grows by factors of two. */
export function svg({ title, x, y, lines, marks, label, logarithmic = false }: Chart): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b)
  const [first, last] = [Math.log2(xs[0] ?? 1), Math.log2(xs.at(-1) ?? 2)]
  const scale = (value: number): number => (logarithmic ? Math.log10(value) : value)
  const [low, high] = [scale(marks[0] ?? 0), scale(marks.at(-1) ?? 1)]
  const [right, bottom] = [WIDTH - FRAME.right, HEIGHT - FRAME.bottom]
  const atX = (value: number): number =>
    FRAME.left + ((Math.log2(value) - first) / (last - first)) * (right - FRAME.left)
  const atY = (value: number): number => bottom - ((scale(value) - low) / (high - low)) * (bottom - FRAME.top)
  const text = (left: number, top: number, content: string, anchor: string): string =>
    `<text x="${round(left)}" y="${round(top)}" text-anchor="${anchor}">${content}</text>`
  const grid = marks.flatMap((mark) => [
    `<line x1="${FRAME.left}" y1="${round(atY(mark))}" x2="${right}" y2="${round(atY(mark))}" stroke="#d0d7de"/>`,
    text(FRAME.left - 8, atY(mark) + 4, label(mark), 'end'),
  ])
  const ticks = xs
    .filter((_, index) => index % Math.ceil(xs.length / 8) === 0)
    .map((at) => text(atX(at), bottom + 18, `${at}`, 'middle'))
  const drawn = lines.flatMap(({ name, points }, index) => {
    const [color, dashes] = STROKES[index % STROKES.length] as (typeof STROKES)[number]
    const path = points.map(([px, py]) => `${round(atX(px))},${round(atY(py))}`).join(' ')
    const top = FRAME.top + 14 + 22 * index
    const stroke = `fill="none" stroke="${color}" stroke-width="2"${dashes ? ` stroke-dasharray="${dashes}"` : ''}`
    return [
      `<polyline points="${path}" ${stroke}/>`,
      `<line x1="${right + 14}" y1="${top}" x2="${right + 44}" y2="${top}" ${stroke}/>`,
      text(right + 50, top + 4, name, 'start'),
    ]
  })
  const rest = [
    text(FRAME.left, 22, title, 'start'),
    text((FRAME.left + right) / 2, HEIGHT - 12, x, 'middle'),
    `<text transform="translate(16 ${(FRAME.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${y}</text>`,
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...ticks,
    ...drawn,
    ...rest,
    '</svg>\n',
  ].join('\n')
}

const round = (value: number): string => `${Math.round(value * 10) / 10}`
