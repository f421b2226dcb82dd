import type { StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { keyedDropout } from '../keyed-dropout.js'
import { type LayersModelLike, leavesOf, type ModelLayer } from './model-types.js'

/** A `tf.layers.dropout` and the path of its place. */
export type DropoutLayer = readonly [path: string, layer: ModelLayer & { readonly rate: number }]

// Layers of tfjs-layers that draw from Math.random, or from a generator with a state.
const RANDOM = new Set(['AlphaDropout', 'GaussianDropout', 'GaussianNoise', 'RandomWidth'])

/** The dropout layers whose draws can be keyed. */
export function dropoutsOf(model: LayersModelLike): readonly DropoutLayer[] {
  return leavesOf(model).filter((leaf): leaf is [string, DropoutLayer[1]] => isPlainDropout(leaf[1]))
}

/** The first layer whose random numbers cannot be keyed, if any. */
export function unkeyedLayer(model: LayersModelLike): string | undefined {
  const found = leavesOf(model).find(
    ([, layer]) => !isPlainDropout(layer) && drawsRandomly(layer.getClassName(), layer.getConfig()),
  )
  return found && `'${found[1].name}' (${found[1].getClassName()})`
}

/** Runs `f` while the dropout layers draw from the step: a function of seed, path, step and sample. */
export function withKeyedDropout<T>(dropouts: readonly DropoutLayer[], path: string, step: StepContext, f: () => T): T {
  const own = dropouts.map(([, layer]) => Object.getOwnPropertyDescriptor(layer, 'call'))
  dropouts.forEach(([place, layer]) => {
    layer.call = (inputs) => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor
      if (!step.training || layer.rate <= 0) return x
      return keyedDropout(x, layer.rate, path ? `${path}.${place}` : place, step)
    }
  })
  try {
    return f()
  } finally {
    dropouts.forEach(([, layer], i) => {
      const descriptor = own[i]
      if (descriptor) Object.defineProperty(layer, 'call', descriptor)
      else Reflect.deleteProperty(layer, 'call')
    })
  }
}

// --- Internal helpers ---

const isPlainDropout = (layer: ModelLayer): boolean =>
  layer.getClassName() === 'Dropout' && (layer as { noiseShape?: unknown }).noiseShape == null

/** Looks into wrappers and cells too: their configurations hold those of what they wrap. */
function drawsRandomly(className: unknown, config: unknown): boolean {
  if (typeof config !== 'object' || config === null) return false
  if (typeof className === 'string' && (RANDOM.has(className) || className === 'Dropout')) return true
  const { dropout, recurrentDropout } = config as { dropout?: unknown; recurrentDropout?: unknown }
  if (isPositive(dropout) || isPositive(recurrentDropout)) return true
  return Object.values(config).some((value) =>
    Array.isArray(value) ? value.some(describesRandomLayer) : describesRandomLayer(value),
  )
}

const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0

function describesRandomLayer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('config' in value)) return false
  return drawsRandomly((value as { className?: unknown }).className, value.config)
}
