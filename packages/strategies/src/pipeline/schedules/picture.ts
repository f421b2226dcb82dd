import type { PipelineAction } from './schedule.js'
import { idlePart, type TimedAction, type Timeline } from './timeline.js'

export interface PictureOptions {
  /** Above the picture, and what screen readers say first. */
  readonly title: string
  /** The part of the time that ranks are idle by theory, to be shown beside that of the timeline. Default: not shown. */
  readonly theory?: number
  /** Of the timeline's times, such as `'ms'`. Default: none, the times are relative and not shown. */
  readonly unit?: string
}

type Kind = PipelineAction['kind']

/** What kinds look like. Their lightness differs as much as their hue, for those who see no colours. */
const KINDS: Readonly<Record<Kind, { readonly word: string; readonly fill: string; readonly ink: string }>> = {
  forward: { word: 'forward', fill: '#b6d4fe', ink: '#10233f' },
  backward: { word: 'backward', fill: '#b4470f', ink: '#ffffff' },
  backwardInput: { word: 'backward, for inputs', fill: '#b4470f', ink: '#ffffff' },
  backwardWeight: { word: 'backward, for parameters', fill: '#7fbf8f', ink: '#10230f' },
}

const ORDINALS = ['second part', 'third part', 'fourth part']

const WIDTH = 960
const [LEFT, RIGHT, TOP, ROW, BOX] = [70, 20, 44, 30, 24]
/** Pixels that a digit of a box takes. */
const DIGIT = 7

/**
 * A picture of who does what when: a row per rank, a box per action with the number of its micro-batch, nothing where a rank is
 * idle. Of a schedule by its theory (`timelineOf`), or of what was measured (`timelineOfTrace`). The SVG has a title and a
 * description, and follows the reader's preference for light or dark.
 */
export function scheduleSvg(timeline: Timeline, { title, theory, unit }: PictureOptions): string {
  const all = timeline.flat()
  const from = Math.min(...all.map(({ start }) => start))
  const until = Math.max(...all.map(({ end }) => end))
  const at = (time: number): number => LEFT + ((time - from) / (until - from)) * (WIDTH - LEFT - RIGHT)
  const bottom = TOP + timeline.length * ROW
  const chunks = 1 + Math.max(...all.map(({ action }) => action.chunk))
  const caption = captionOf(timeline, theory, unit)
  const rows = timeline.flatMap((row, rank) => {
    const top = TOP + rank * ROW
    const middle = top + BOX / 2 + 4
    return [
      text(LEFT - 10, middle, `rank ${rank}`, 'end'),
      `<rect class="idle" x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${BOX}"/>`,
      ...row.map((timed) => box(timed, { at, top, chunks })),
    ]
  })
  const height = bottom + 58
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description" font-family="sans-serif" font-size="12">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(`${timeline.length} ranks, one row each, time from left to right. ${caption}`)}</desc>`,
    `<style>${styles()}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    `<text x="${LEFT}" y="26" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...rows,
    ...legend(all, chunks, bottom + 12),
    text(LEFT, bottom + 48, caption, 'start'),
    '</svg>',
  ].join('\n')}\n`
}

// --- Internal helpers ---

function box(
  { action, start, end }: TimedAction,
  { at, top, chunks }: { at: (time: number) => number; top: number; chunks: number },
): string {
  const [x, width] = [at(start), at(end) - at(start)]
  const { kind, microBatch, chunk } = action
  const part = chunks > 1 ? `, part ${chunk}` : ''
  const label =
    width >= DIGIT * `${microBatch}`.length + 4
      ? `<text class="${kind}" x="${round(x + width / 2)}" y="${top + BOX / 2 + 4}" text-anchor="middle">${microBatch}</text>`
      : ''
  const shape = `<rect class="${kind}" x="${round(x)}" y="${top}" width="${round(width)}" height="${BOX}"/>`
  const title = `<title>${KINDS[kind].word}, micro-batch ${microBatch}${part}</title>`
  return `<g>${title}${shape}${label}${marks(kind, chunk, x, top + BOX, width)}</g>`
}

/** As many bars at the bottom of a box as the rank has parts before this one. */
function marks(kind: Kind, chunk: number, x: number, bottom: number, width: number): string {
  const each = (width - 2) / chunk
  return Array.from(
    { length: chunk },
    (_, bar) =>
      `<rect class="mark ${kind}" x="${round(x + 2 + bar * each)}" y="${bottom - 5}" width="${round(Math.max(1, each - 2))}" height="3"/>`,
  ).join('')
}

function legend(all: readonly TimedAction[], chunks: number, top: number): string[] {
  const present = (Object.keys(KINDS) as Kind[]).filter((kind) => all.some(({ action }) => action.kind === kind))
  const entries: { readonly kind?: Kind; readonly chunk?: number; readonly word: string }[] = [
    ...present.map((kind) => ({ kind, word: KINDS[kind].word })),
    ...Array.from({ length: chunks - 1 }, (_, before) => ({
      kind: 'forward' as const,
      chunk: before + 1,
      word: `in the rank's ${ORDINALS[before] ?? `part ${before + 1}`}`,
    })),
    { word: 'idle' },
  ]
  let x = LEFT
  return entries.flatMap(({ kind, chunk = 0, word }) => {
    const left = x
    x += 34 + 6.4 * word.length
    return [
      `<rect class="${kind ?? 'idle'}" x="${round(left)}" y="${top}" width="14" height="14"/>`,
      ...(kind && chunk > 0 ? [marks(kind, chunk, left, top + 14, 14)] : []),
      text(left + 20, top + 11, word, 'start'),
    ]
  })
}

function captionOf(timeline: Timeline, theory: number | undefined, unit: string | undefined): string {
  const all = timeline.flat()
  const span = Math.max(...all.map(({ end }) => end)) - Math.min(...all.map(({ start }) => start))
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
  const idle = `Ranks are idle ${percent(idlePart(timeline))} of the time`
  const beside = theory === undefined ? '' : `; by the theory of equal stages ${percent(theory)}`
  return `${idle}${beside}.${unit === undefined ? '' : ` In all ${round(span)} ${unit}.`}`
}

const styles = (): string => {
  const kinds = Object.entries(KINDS)
  const numbers = kinds.map(([kind, { ink }]) => `text.${kind},rect.mark.${kind}{fill:${ink}}`).join('')
  return [
    'text{fill:#24292f}rect.page{fill:#ffffff}rect.idle{fill:#eef1f4}',
    ...kinds.map(([kind, { fill }]) => `rect.${kind}{fill:${fill};stroke:#24292f;stroke-width:.5}`),
    `rect.mark{stroke:none}${numbers}`,
    // Boxes keep their colours, and so does what is in them.
    `@media (prefers-color-scheme:dark){text{fill:#e6edf3}rect.page{fill:#0d1117}rect.idle{fill:#21262d}${numbers}}`,
  ].join('')
}

const text = (x: number, y: number, content: string, anchor: string): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(content)}</text>`

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const round = (value: number): string => `${Math.round(value * 10) / 10}`
