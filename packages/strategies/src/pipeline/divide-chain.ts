import { LevinError, type Module } from '@levin/core'
import { partition } from './partition.js'
import type { AnyLayer, Chain } from './stages.js'

/** Where stages begin in the chain of a module's layers; the last number is the chain's length. */
export type Cuts = readonly number[]

/**
 * Cuts a chain into stages: where the module says, or as asked, or so that parameters are spread evenly.
 *
 * @param layersPerStage as asked
 * @throws LEVIN_INVALID_MODULE if there are fewer layers than stages, or the module names another number of them
 */
export function cutChain(
  module: Module,
  { layers, starts }: Chain,
  stages: number,
  layersPerStage: readonly number[] | undefined,
): Cuts {
  if (layersPerStage) {
    requireFitting(module, { layers, starts }, stages, layersPerStage)
    return cutsOf(layersPerStage)
  }
  if (starts) {
    if (starts.length === stages) return [...starts, layers.length]
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `${module.constructor.name}.stages() gives ${starts.length} stages.`,
      expected: `${stages}: as many as there are ranks along the pipeline, times chunks`,
      found: `${starts.length}`,
      remedy: 'Change the mesh, or return one list of layers, which is then cut into as many stages as there are.',
    })
  }
  if (layers.length < stages) {
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `${module.constructor.name} cannot be cut into ${stages} stages.`,
      expected: `at least ${stages} layers one after the other`,
      found: `${layers.length}: ${layers.map(({ path }) => `'${path}'`).join(', ')}`,
      remedy: 'Use fewer ranks along the pipeline, or name smaller layers in stages().',
    })
  }
  const { counts } = partition({ costs: layers.map(costOf), stages })
  return cutsOf(counts)
}

function cutsOf(counts: readonly number[]): Cuts {
  const cuts = [0]
  for (const count of counts) cuts.push((cuts.at(-1) as number) + count)
  return cuts
}

function requireFitting(
  module: Module,
  { layers, starts }: Chain,
  stages: number,
  layersPerStage: readonly number[],
): void {
  const sum = layersPerStage.reduce((total, count) => total + count, 0)
  if (!starts && layersPerStage.length === stages && sum === layers.length) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: starts
      ? `The option \`layersPerStage\` and stages() of ${module.constructor.name} both say where to cut.`
      : `The option \`layersPerStage\` does not fit ${module.constructor.name}.`,
    expected: starts
      ? 'one of them'
      : `${stages} numbers, one for each stage, that come to its ${layers.length} layers`,
    found: `[${layersPerStage.join(', ')}]${starts ? '' : `, which come to ${sum}`}`,
    remedy: 'Let `levin plan` measure the layers, or leave the option out.',
  })
}

/** Multiplications of a sample are about as many as there are parameters. What has none still costs something. */
const costOf = (layer: AnyLayer): number => 1 + layer.parameters().reduce((sum, { size }) => sum + size, 0)
