import {
  assignPaths,
  type CallInterceptor,
  type Layer,
  type LayerRanks,
  type Parameter,
  type StepMode,
  splitShard,
} from '@levin/core'
import { slice, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { joined, ranksInLockstep } from './lockstep-ranks.js'
import { differentiate, stepAt } from './parity.js'

type AnyLayer = Layer<never, unknown>
type Step = ReturnType<typeof stepAt>

/** Numbers that no two places share. */
export const wave = (shape: readonly number[], phase = 0): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1)
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.3 + phase) * (1 + (i % 5) / 3)),
    [...shape] as [number],
  )
}

/** What is computed on one device, and then by ranks. */
export interface SharedCase<L extends AnyLayer> {
  readonly make: () => L
  /** Names and styles of the layers in `make` that are shared; `''` is that layer itself. */
  readonly plan: Readonly<Record<string, string>>
  /** What goes in between shared layers, `[batch, time, …]`: ranks get their stretches. */
  readonly input?: Tensor
  readonly run: (layer: L, input: Tensor, step: Step) => Tensor
  /** What ranks have of the result: all of it, a stretch where sequences are divided, or some of its last axis. */
  readonly output: 'whole' | 'stretch' | 'part'
  readonly mode?: StepMode
  readonly intercept?: CallInterceptor
}

interface World {
  readonly count: number
  readonly splitsSequence: boolean
}

interface Result {
  readonly output: Values
  readonly inputGradient: Values | undefined
  readonly parameters: ReadonlyMap<string, { parameter: Parameter; initial: Values; gradient: Values }>
}

export interface Values {
  readonly values: ArrayLike<number>
  readonly shape: readonly number[]
}

export const WORLDS: readonly World[] = [
  { count: 2, splitsSequence: false },
  { count: 3, splitsSequence: false },
  { count: 2, splitsSequence: true },
  { count: 3, splitsSequence: true },
]

/** Proves that ranks together come to the result and the gradients of one device; tells what they asked each other for. */
export function expectSameOnRanks<L extends AnyLayer>(given: SharedCase<L>, world: World): readonly string[] {
  const alone = compute(given, undefined)
  const { results, operations } = ranksInLockstep(world.count, world.splitsSequence, (ranks) =>
    compute(given, { ranks, alone }),
  )
  const splits = world.splitsSequence
  expectTogether(
    results.map(({ output }) => output),
    kindOf(given.output, splits),
    alone.output,
    'output',
  )
  if (alone.inputGradient) {
    const gradients = results.map(({ inputGradient }) => inputGradient as Values)
    expectTogether(gradients, splits ? 1 : 'equal', alone.inputGradient, 'gradient of the input')
  }
  for (const [name, { gradient, initial }] of alone.parameters) {
    const parts = results.map(({ parameters }) => parameters.get(name))
    const axis = parts[0]?.parameter.split?.axis
    const of = (key: 'initial' | 'gradient') => parts.map((part) => part?.[key] as Values)
    expectTogether(of('initial'), axis ?? 'equal', initial, `initial value of ${name}`, 0)
    expectTogether(of('gradient'), axis ?? (splits ? 'summands' : 'equal'), gradient, `gradient of ${name}`)
  }
  return operations
}

/** The layer of a path, `''` for the root. */
export function layerAt(root: AnyLayer, path: string): AnyLayer {
  const found = assignPaths(root).nodes.find((node) => node.path === path)
  if (!found) throw new Error(`There is no layer called '${path}'.`)
  return found as AnyLayer
}

/** Gives a layer the values that a rank holds of it, as strategies do. */
export function materialise(layer: AnyLayer, ranks: LayerRanks | undefined): readonly Parameter[] {
  const { parameters } = assignPaths(layer)
  for (const parameter of parameters) {
    const { split } = parameter
    const shard = split && ranks ? splitShard(parameter, split, ranks.index, ranks.count) : undefined
    parameter.materialise({ seed: 3, shard })
  }
  return parameters
}

export const sharingOf = (ranks: Parameters<Parameters<typeof ranksInLockstep>[2]>[0]) => ({
  tensor: ranks,
  sequence: ranks.splitsSequence ? { index: ranks.index, count: ranks.count } : undefined,
})

// --- Internal helpers ---

interface Rank {
  readonly ranks: Parameters<Parameters<typeof ranksInLockstep>[2]>[0]
  readonly alone: Result
}

const kindOf = (output: SharedCase<AnyLayer>['output'], splits: boolean) =>
  output === 'part' ? 'last' : output === 'stretch' && splits ? 1 : 'equal'

function compute<L extends AnyLayer>(given: SharedCase<L>, rank: Rank | undefined): Result {
  const layer = given.make()
  for (const [path, style] of Object.entries(given.plan)) layerAt(layer, path).share(style)
  const ranks = rank?.ranks
  const parameters = materialise(layer, ranks)
  try {
    const initial = parameters.map(({ value }) => valuesOf(value))
    const { mode = 'train', intercept } = given
    const sharing = ranks && sharingOf(ranks)
    const step = () => stepAt({ mode, firstSample: 5, globalStep: 2 }, { sharing, intercept })
    const input = given.input && (ranks?.splitsSequence ? stretchOf(given.input, ranks) : given.input)
    const run = () => given.run(layer, input as Tensor, step())
    const sources = [...(input ? [input] : []), ...parameters.map(({ value }) => value)]
    const dy = outputGradient(given, layer, input, step, rank)
    const [output, gradients] = differentiate(run, sources, dy)
    const ofParameters = input ? gradients.slice(1) : gradients
    return {
      output: valuesOf(output),
      inputGradient: input && valuesOf(gradients[0] as Tensor),
      parameters: new Map(
        parameters.map((parameter, i) => [
          parameter.path,
          { parameter, initial: initial[i] as Values, gradient: valuesOf(ofParameters[i] as Tensor) },
        ]),
      ),
    }
  } finally {
    for (const parameter of parameters) parameter.dispose()
  }
}

/** The part of the same gradient of the whole result that a rank's part of the result has. */
function outputGradient<L extends AnyLayer>(
  given: SharedCase<L>,
  layer: L,
  input: Tensor | undefined,
  step: () => Step,
  rank: Rank | undefined,
): Tensor {
  if (!rank) {
    const { shape } = given.run(layer, input as Tensor, step())
    return wave(shape, 2)
  }
  const { ranks, alone } = rank
  const { shape } = alone.output
  const whole = wave(shape, 2)
  if (given.output === 'stretch' && ranks.splitsSequence) return stretchOf(whole, ranks)
  if (given.output !== 'part') return whole
  const last = shape.length - 1
  const width = shape[last] as number
  const [from, to] = [ranks.index, ranks.index + 1].map((each) => Math.floor((each * width) / ranks.count)) as [
    number,
    number,
  ]
  const begin = shape.map((_, axis) => (axis === last ? from : 0))
  return slice(
    whole,
    begin,
    shape.map((size, axis) => (axis === last ? to - from : size)),
  )
}

function stretchOf(x: Tensor, { index, count }: LayerRanks): Tensor {
  const time = (x.shape[1] as number) / count
  const begin = x.shape.map((_, axis) => (axis === 1 ? index * time : 0))
  return slice(
    x,
    begin,
    x.shape.map((size, axis) => (axis === 1 ? time : size)),
  )
}

const valuesOf = (x: Tensor): Values => ({ values: x.dataSync().slice(), shape: x.shape })

function expectTogether(
  parts: readonly Values[],
  how: 'equal' | 'summands' | 'last' | number,
  expected: Values,
  what: string,
  tolerance = 1e-5,
): void {
  if (how === 'equal') {
    for (const part of parts) expectSame(part, expected, what, tolerance)
    return
  }
  const axis = how === 'last' ? expected.shape.length - 1 : how
  expectSame(axis === 'summands' ? summed(parts) : joined(parts, axis), expected, what, tolerance)
}

function summed(parts: readonly Values[]): Values {
  const [{ shape }] = parts as [Values]
  const values = parts
    .map((part) => Array.from(part.values))
    .reduce((a, b) => a.map((value, i) => value + (b[i] as number)))
  return { values, shape }
}

export function expectSame(actual: Values, expected: Values, what: string, tolerance = 1e-5): void {
  expect(actual.shape, what).toEqual(expected.shape)
  const worst = Array.from(expected.values, (value, i) => ({ i, value, found: actual.values[i] as number })).find(
    ({ value, found }) =>
      !Object.is(found, value) && !(Math.abs(found - value) <= tolerance * Math.max(1, Math.abs(value))),
  )
  expect(worst, what).toBeUndefined()
}
