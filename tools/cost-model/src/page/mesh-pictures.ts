/** Pictures of docs/model-parallelism.md: what ranks hold of a model, and what they hand to each other. */

/** A line of text is about this much higher than wide strokes: middle of a box to base line. */
const BASE = 4

interface Scene {
  readonly title: string
  /** What screen readers say of it: all that the picture shows. */
  readonly description: string
  readonly width: number
  readonly height: number
  readonly parts: readonly string[]
}

/** By file name. */
export const meshPictures: Readonly<Record<string, () => string>> = {
  'mesh-divided.svg': () => svg(divided()),
  'mesh-block.svg': () => svg(block()),
  'mesh-ranks.svg': () => svg(ranks()),
  'mesh-ring.svg': () => svg(ring()),
}

// --- Internal helpers ---

/** Light or dark as the reader prefers. What a rank has is filled and framed; what others have is a frame. */
const STYLE = [
  'text{fill:#24292f}',
  'rect.page{fill:#ffffff}',
  'rect.own{fill:#b6d4fe;stroke:#24292f}',
  'rect.other{fill:none;stroke:#8c959f;stroke-dasharray:3 3}',
  'rect.sum{fill:#b4470f;stroke:#24292f}',
  'text.own{fill:#10233f}',
  'text.sum{fill:#ffffff}',
  'path{fill:none;stroke:#24292f;stroke-width:1.5}',
  'path.head{fill:#24292f;stroke:none}',
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}rect.page{fill:#0d1117}rect.other{stroke:#6e7681}',
  'text.own{fill:#10233f}text.sum{fill:#ffffff}path{stroke:#e6edf3}path.head{fill:#e6edf3}}',
].join('')

function svg({ title, description, width, height, parts }: Scene): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="sans-serif" font-size="12">`,
    `<title id="title">${title}</title>`,
    `<desc id="description">${description}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    text(20, 26, title, 'start', ' font-size="15" font-weight="bold"'),
    ...parts,
    '</svg>',
  ].join('\n')}\n`
}

const text = (x: number, y: number, words: string, anchor = 'middle', more = ''): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${words}</text>`

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const box = ({ x, y, width, height }: Box, kind: 'own' | 'other' | 'sum', words = ''): string =>
  `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"/>${
    words ? text(x + width / 2, y + height / 2 + BASE, words, 'middle', ` class="${kind}"`) : ''
  }`

/** An arrow along a line to the right or down. */
function arrow(x: number, y: number, dx: number, dy: number): string {
  const [toX, toY] = [x + dx, y + dy]
  const head =
    dx === 0 ? `M${toX - 4} ${toY - 7}h8l-4 7z` : `M${toX - Math.sign(dx) * 7} ${toY - 4}v8l${Math.sign(dx) * 7} -4z`
  return `<path d="M${x} ${y}L${toX} ${toY}"/><path class="head" d="${head}"/>`
}

/** Layers from top to bottom, features and samples from left to right. */
const WAYS: readonly {
  readonly name: string
  readonly model: (rank: number) => Box
  readonly batch: (rank: number) => Box
}[] = (() => {
  const whole: Box = { x: 0, y: 0, width: 60, height: 60 }
  const left = (rank: number): Box => ({ ...whole, x: 30 * rank, width: 30 })
  const half = (rank: number): Box => ({ ...whole, y: 30 * rank, height: 30 })
  return [
    { name: 'data', model: () => whole, batch: half },
    { name: 'pipeline', model: half, batch: () => whole },
    { name: 'tensor', model: left, batch: () => whole },
    { name: 'context', model: () => whole, batch: left },
  ]
})()

function divided(): Scene {
  const parts = WAYS.flatMap(({ name, model, batch }, column) => {
    const left = 110 + 170 * column
    return [
      text(left + 65, 56, name, 'middle', ' font-weight="bold"'),
      text(left + 30, 74, 'model'),
      text(left + 102, 74, 'batch'),
      ...[0, 1].flatMap((rank) => {
        const [x, y] = [left, 84 + 80 * rank]
        return [[x, model(rank)] as const, [x + 72, batch(rank)] as const].flatMap(([at, part]) => [
          box({ x: at, y, width: 60, height: 60 }, 'other'),
          box({ ...part, x: at + part.x, y: y + part.y }, 'own'),
        ])
      }),
    ]
  })
  return {
    title: 'What two ranks have of the model and of a batch',
    description:
      'Data: all of the model, half of the samples. Pipeline: half of the layers, the whole batch. Tensor: half of each layer, the whole batch. Context: all of the model, half of each sequence.',
    width: 800,
    height: 280,
    parts: [
      text(90, 118, 'rank 0', 'end'),
      text(90, 198, 'rank 1', 'end'),
      ...parts,
      text(
        20,
        262,
        'model: layers from top to bottom, features across. batch: samples from top to bottom, positions across.',
        'start',
      ),
    ],
  }
}

const STEPS: readonly (readonly [words: string, kind: 'whole' | 'part' | 'sum'])[] = [
  ['x', 'whole'],
  ['norm', 'whole'],
  ['query, key, value: column', 'part'],
  ['attention: own heads', 'part'],
  ['out: row', 'part'],
  ['sum', 'sum'],
  ['+ x, norm', 'whole'],
  ['linear1: column', 'part'],
  ['gelu: own features', 'part'],
  ['linear2: row', 'part'],
  ['sum', 'sum'],
  ['+', 'whole'],
]

function block(): Scene {
  const [top, row, height] = [58, 34, 24]
  const parts = STEPS.flatMap(([words, kind], index) => {
    const y = top + row * index
    const line = index === 0 ? [] : [130, 370].map((x) => arrow(x, y - 10, 0, 9))
    if (kind === 'sum') return [...line, box({ x: 30, y, width: 440, height }, 'sum', `${words} over the ranks`)]
    return [
      ...line,
      ...[30, 270].map((x) => box({ x, y, width: 200, height }, kind === 'part' ? 'own' : 'other', words)),
    ]
  })
  return {
    title: 'A block of a transformer on two tensor ranks',
    description:
      'From top to bottom on both ranks: x and a norm, the same on both; query, key and value by columns, attention of the own heads, out by rows; a sum over the ranks; x added and a norm, the same on both; linear1 by columns, gelu of the own features, linear2 by rows; a sum; an addition. Going back there is a sum where query, key and value begin, and one where linear1 begins.',
    width: 740,
    height: 490,
    parts: [
      text(130, 48, 'rank 0'),
      text(370, 48, 'rank 1'),
      ...parts,
      text(490, top + row * 1 + 16, 'dashed: the same on both,', 'start'),
      text(490, top + row * 1 + 32, 'or a stretch of each sequence', 'start'),
      text(490, top + row * 2 + 16, 'going back: a sum here', 'start'),
      text(490, top + row * 5 + 16, 'going forward: a sum', 'start'),
      text(490, top + row * 7 + 16, 'going back: a sum here', 'start'),
      text(490, top + row * 10 + 16, 'going forward: a sum', 'start'),
    ],
  }
}

/** `mesh({ data: 2, pipeline: 2, tensor: 2 })`: rank = 4 · (1 - stage) + 2 · data + tensor. */
function ranks(): Scene {
  const cell = (stage: number, data: number, tensor: number): string =>
    box(
      { x: 150 + 300 * stage + 110 * tensor, y: 70 + 80 * data, width: 90, height: 44 },
      'own',
      `rank ${4 * (1 - stage) + 2 * data + tensor}`,
    )
  const parts = [0, 1].flatMap((stage) => [
    text(
      250 + 300 * stage,
      56,
      `stage ${stage}: ${stage === 0 ? 'first' : 'last'} layers`,
      'middle',
      ' font-weight="bold"',
    ),
    ...[0, 1].flatMap((data) => [0, 1].map((tensor) => cell(stage, data, tensor))),
  ])
  return {
    title: 'Eight ranks: data 2 × pipeline 2 × tensor 2',
    description:
      'Two stages side by side, two parts of the data below each other, two tensor ranks next to each other. Stage 0: ranks 4 and 5 for the first part of the data, 6 and 7 for the second. Stage 1, the last: ranks 0 and 1, and 2 and 3. Activations go from 4 to 0, 5 to 1, 6 to 2, 7 to 3.',
    width: 720,
    height: 230,
    parts: [
      text(130, 96, 'data 0', 'end'),
      text(130, 176, 'data 1', 'end'),
      ...parts,
      arrow(356, 92, 84, 0),
      arrow(356, 172, 84, 0),
      text(398, 86, 'activations'),
      text(398, 166, 'activations'),
      text(
        150,
        214,
        'Side by side in a stage: tensor ranks. Below each other: replicas, which sum gradients.',
        'start',
      ),
    ],
  }
}

function ring(): Scene {
  const lanes = [0, 1, 2, 3].flatMap((rank) => [
    box({ x: 120 + 150 * rank, y: 60, width: 110, height: 30 }, 'own', `queries of ${rank}`),
    text(175 + 150 * rank, 52, `rank ${rank}`),
    ...[0, 1, 2, 3].map((hop) => {
      const owner = (rank - hop + 4) % 4
      return box(
        { x: 120 + 150 * rank, y: 110 + 44 * hop, width: 110, height: 28 },
        owner > rank ? 'other' : 'own',
        `keys of ${owner}`,
      )
    }),
    ...[0, 1, 2].map((hop) => (rank === 3 ? '' : arrow(230 + 150 * rank, 138 + 44 * hop, 40, 0))),
  ])
  const hops = [0, 1, 2, 3].map((hop) => text(105, 128 + 44 * hop, hop === 0 ? 'own' : `after hop ${hop}`, 'end'))
  return {
    title: 'Attention around a ring of four context ranks',
    description:
      'Each rank keeps its queries; keys and values move to the next rank three times, the last rank handing to the first, until every rank has met all of them. With causal attention, keys of later ranks are handed on but not computed: rank 0 computes one block, rank 3 four.',
    width: 740,
    height: 310,
    parts: [
      ...lanes.filter((part) => part !== ''),
      ...hops,
      text(
        20,
        298,
        'Rank 3 hands to rank 0. Dashed: hidden under causal attention, handed on and not computed.',
        'start',
      ),
    ],
  }
}
