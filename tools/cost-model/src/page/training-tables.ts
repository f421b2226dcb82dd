import { ACCELERATOR, CORE, MODELS, type Model, RANKS_PER_HOST, trainingOf } from '../assumptions.js'
import { mostParameters, SPREADS } from '../memory.js'
import { efficiency, type StrategyName, type Training } from '../training.js'
import { svg } from './chart.js'
import { digits, many, percent, table } from './format.js'
import type { Known } from './known.js'

const HOSTS = [1, 2, 4, 16, 64, 256] as const

/** Efficiency of a strategy by hosts of {@link RANKS_PER_HOST} cores. */
function overHosts(
  { costs }: Known,
  link: Known['networks'][number]['link'],
  training: Training,
  strategy: StrategyName,
  options: { readonly lateness?: number } = {},
): string[] {
  return HOSTS.map((hosts) =>
    percent(
      efficiency(strategy, training, costs(link, hosts, RANKS_PER_HOST), { ranks: hosts * RANKS_PER_HOST, ...options }),
    ),
  )
}

const hostHead = HOSTS.map((hosts) => `${hosts} × ${RANKS_PER_HOST}`)

/** What does not fit into a heap is trained by stage 3. */
const STRATEGY = { small: 'ddp', middle: 'ddp', large: 'zero 3' } as const satisfies Record<string, StrategyName>

export function efficiencies(all: Known): string {
  const rows = (['small', 'middle', 'large'] as const).flatMap((size) =>
    all.networks.map(({ name, link }) => [
      `${MODELS[size].name}, \`${STRATEGY[size]}\`, ${name}`,
      ...overHosts(all, link, trainingOf(MODELS[size], CORE), STRATEGY[size]),
    ]),
  )
  return table(['parameters, network', ...hostHead], rows)
}

/** The same model and network, other ways. */
export function ways(all: Known, model: Model, name: string): string {
  const { link } = networkOf(all, name)
  const once = trainingOf(model, CORE)
  const rows: [string, Training, StrategyName][] = [
    ['`ddp`', once, 'ddp'],
    ['exchange during the walk back', once, 'ddp, overlapped'],
    ['`ddp`, bfloat16', once, 'ddp, bf16'],
    ['`ddp`, 8 batches accumulated', trainingOf(model, CORE, 8), 'ddp'],
    ['`ddp`, 10 local steps', once, 'ddp, 10 local steps'],
    ['`ddp`, 100 local steps', once, 'ddp, 100 local steps'],
    ['`zero` 1', once, 'zero 1'],
    ['`zero` 2', once, 'zero 2'],
    ['`zero` 3', once, 'zero 3'],
    ['`zero` 3, 8 batches accumulated', trainingOf(model, CORE, 8), 'zero 3'],
  ]
  return table(
    [`${model.name} at ${name}`, ...hostHead],
    rows.map(([label, training, strategy]) => [label, ...overHosts(all, link, training, strategy)]),
  )
}

/** What ranks that are late cost, on a network that costs hardly anything. */
export function lateness(all: Known): string {
  const { link } = networkOf(all, '100 Gbit/s')
  const training = trainingOf(MODELS.middle, CORE)
  const rows = ([0.01, 0.05, 0.2] as const).flatMap((late) =>
    (['ddp', 'ddp, 10 local steps'] as const).map((strategy) => [
      `${percent(late)}, ${strategy}`,
      ...overHosts(all, link, training, strategy, { lateness: late }),
    ]),
  )
  return table(['average lateness', ...hostHead], rows)
}

/** Samples per rank and update at which efficiency reaches a limit, by bisection: more is always better. */
function samplesFor(
  all: Known,
  link: Known['networks'][number]['link'],
  rank: { readonly flops: number; readonly perHost: number },
  hosts: number,
  strategy: StrategyName,
): number {
  const ranks = hosts * rank.perHost
  const enough = (samples: number): boolean => {
    const training = trainingOf({ ...MODELS.middle, samples }, rank.flops)
    return efficiency(strategy, training, all.costs(link, hosts, rank.perHost), { ranks, updates: 1 }) >= 0.8
  }
  let [least, most] = [1, 1e9]
  while (most / least > 1.005) {
    const middle = Math.sqrt(least * most)
    if (enough(middle)) most = middle
    else least = middle
  }
  return most
}

export function samplesNeeded(all: Known): string {
  const kinds = [
    [`${RANKS_PER_HOST} cores`, { flops: CORE, perHost: RANKS_PER_HOST }],
    ['one accelerator', { flops: ACCELERATOR, perHost: 1 }],
  ] as const
  const strategies = ['ddp', 'ddp, bf16', 'ddp, 10 local steps', 'ddp, 100 local steps', 'zero 2'] as const
  const rows = kinds.flatMap(([name, rank]) =>
    all.networks.map((network) => [
      `${name}, ${network.name}`,
      ...strategies.map((strategy) => {
        const samples = samplesFor(all, network.link, rank, 16, strategy)
        return samples < 10 ? 'under 10' : digits(samples, 2)
      }),
    ]),
  )
  return table(['a host', ...strategies], rows)
}

/** Of a heap of WebAssembly, the rest being for activations. */
const STATE_BYTES = 3 * 2 ** 30
const UNIT_SHARE = 1 / 24

export function memory(): string {
  const ranks = [1, 4, 16, 64, 256] as const
  const rows = SPREADS.map((strategy) => [
    `\`${strategy}\``,
    ...ranks.map((count) => many(mostParameters(strategy, count, STATE_BYTES, UNIT_SHARE))),
  ])
  return table(['parameters, at most', ...ranks.map((count) => `${count} ${count === 1 ? 'rank' : 'ranks'}`)], rows)
}

export function efficiencyPicture(all: Known): string {
  const hosts = Array.from({ length: 9 }, (_, index) => 2 ** index)
  const training = trainingOf(MODELS.middle, CORE)
  const line = (name: string, network: string, strategy: StrategyName) => {
    const { link } = networkOf(all, network)
    const points = hosts.map((each) => {
      const ranks = each * RANKS_PER_HOST
      return [ranks, efficiency(strategy, training, all.costs(link, each, RANKS_PER_HOST), { ranks })] as const
    })
    return { name, points }
  }
  return svg({
    title: `${MODELS.middle.name} parameters, ${MODELS.middle.samples} tokens per rank, ${RANKS_PER_HOST} cores per host`,
    x: 'ranks',
    y: 'efficiency',
    marks: [0, 0.2, 0.4, 0.6, 0.8, 1],
    label: (value) => `${Math.round(100 * value)} %`,
    lines: [
      line('100 Gbit/s', '100 Gbit/s', 'ddp'),
      line('10 Gbit/s', '10 Gbit/s', 'ddp'),
      line('1 Gbit/s', '1 Gbit/s', 'ddp'),
      line('1 Gbit/s, 10 local steps', '1 Gbit/s', 'ddp, 10 local steps'),
    ],
  })
}

function networkOf({ networks }: Known, name: string): Known['networks'][number] {
  const found = networks.find((each) => each.name === name)
  if (!found) throw new Error(`There is no network '${name}'.`)
  return found
}
