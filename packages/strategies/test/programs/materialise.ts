import { constant, LevinError, Module, normal, Parameter } from '@levin/core'
import { tensor, variable } from '@tensorflow/tfjs-core'
import { acceleratorOf, ddpAt, type Place } from './place.js'

class Pair extends Module {
  readonly first: Parameter
  readonly second: Parameter
  readonly plain: ReturnType<typeof variable> | undefined

  constructor(first: Parameter, second: Parameter, plain?: number) {
    super()
    this.first = first
    this.second = second
    this.plain = plain === undefined ? undefined : variable(tensor([plain, plain]))
  }
}

const drawn = () => new Parameter([3], normal(0, 1))
const loaded = (value: number) => {
  const parameter = new Parameter([2], normal(0, 1))
  parameter.assign(tensor([value, value]))
  return parameter
}

/** Modules that are the same on all ranks, or not, by name. */
const MODULES: Readonly<Record<string, (rank: number) => Module>> = {
  'drawn from the seed': () => new Pair(drawn(), drawn()),
  'given before': (rank) => new Pair(loaded(rank + 1), drawn(), 10 * (rank + 1)),
  'drawn anew on each rank': (rank) =>
    new Pair(drawn(), new Parameter([3], { ...constant(0), fill: (values: Float32Array) => void values.fill(rank) })),
  'negated on one rank': (rank) => new Pair(drawn(), new Parameter([1], constant(rank === 1 ? -1 : 1))),
  'of another shape on one rank': (rank) => new Pair(drawn(), new Parameter([rank === 1 ? 4 : 3], constant(0))),
  'of more parameters on one rank': (rank) => new Pair(drawn(), drawn(), rank === 1 ? 1 : undefined),
  'given on one rank alone': (rank) => new Pair(rank === 1 ? loaded(1) : new Parameter([2], constant(1)), drawn()),
}

export interface Materialised {
  readonly values: readonly (readonly number[])[]
  readonly error?: { readonly code: string; readonly message: string }
}

/** Gives a module its values on one rank, and tells what they are, or why it was refused. */
export async function materialise(place: Place, { module: name }: { module: string }): Promise<Materialised> {
  const accelerator = acceleratorOf(place.world)
  const strategy = ddpAt(place)
  await strategy.setup({ accelerator, devices: 'auto', platform: {} as never })
  const module = MODULES[name]?.(place.group.rank) as Module
  try {
    await strategy.materialise(module, { seed: 1 })
    return { values: module.parameters().map(({ value }) => [...value.dataSync()]) }
  } catch (error) {
    if (!LevinError.isInstance(error)) throw error
    return { values: [], error: { code: error.code, message: error.message } }
  } finally {
    module.dispose()
    await strategy.teardown()
  }
}
