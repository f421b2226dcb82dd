import {
  adopt,
  type CallInterceptor,
  disposeAll,
  keep,
  LevinError,
  type Module,
  mapTensors,
  type Optimizer,
  StepExit,
  tensorsIn,
} from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { type AnyLayer, type Chain, chainOf } from '../../pipeline/stages.js'
import type { MeasuredModel, MeasuredPiece } from '../measured-model.js'
import { type MeasuredLayers, measureLayers } from './layers.js'
import type { LayerObserver } from './observer.js'
import { measureOptimizer } from './optimizer.js'
import { type MeasureOptions, measurePiece } from './piece.js'
import { withValues } from './values.js'

/** A training step that can be run again and again on one batch. */
export interface StepToMeasure {
  readonly module: Module
  readonly optimizer: Optimizer
  /** Runs the step under an interceptor and gives its loss. */
  forward(intercept: CallInterceptor): Tensor
  readonly batch: MeasuredModel['batch']
}

/** Measures a module's step: what comes before the layers that can be cut, each of these, what comes after, and an update. */
export async function measureModule(step: StepToMeasure, options: MeasureOptions): Promise<MeasuredModel> {
  const chain = chainOrReason(step.module)
  const pieces =
    typeof chain === 'string' ? await measureWhole(step, options) : await measureCut(step, chain.layers, options)
  const optimizer = await measureOptimizer(step.optimizer, options.runs)
  return { ...pieces, ...notesOf(chain), batch: step.batch, optimizer }
}

/** Where a pipeline may cut, or why it may not: other layouts can still be planned. */
function chainOrReason(module: Module): Chain | string {
  try {
    return chainOf(module)
  } catch (error) {
    if (LevinError.isInstance(error, 'LEVIN_INVALID_MODULE')) return error.message
    throw error
  }
}

function notesOf(chain: Chain | string): Pick<MeasuredModel, 'uncut' | 'stages'> {
  if (typeof chain === 'string') return { uncut: chain }
  const { starts, layers } = chain
  if (!starts) return {}
  return { stages: starts.map((start, stage) => (starts[stage + 1] ?? layers.length) - start) }
}

// --- Internal helpers ---

type Pieces = Pick<MeasuredModel, 'before' | 'layers' | 'after'>

async function measureWhole({ module, forward }: StepToMeasure, options: MeasureOptions): Promise<Pieces> {
  const [parameters, buffers] = [module.parameters(), module.buffers()]
  const subject = {
    name: 'the whole step',
    inputs: [],
    parameters,
    buffers,
    forward: (observer: LayerObserver) => forward(observer.see),
  }
  return withValues([...parameters, ...buffers], async () => ({ layers: [await measurePiece(subject, options)] }))
}

async function measureCut(step: StepToMeasure, chain: readonly AnyLayer[], options: MeasureOptions): Promise<Pieces> {
  const { module } = step
  const inChain = new Set(chain.flatMap((layer) => [...layer.parameters(), ...layer.buffers()]))
  // A table that is the output's weight too is in a layer of the chain and outside of it.
  const parameters = module.parameters().filter((each) => !inChain.has(each) || each.paths.length > 1)
  const buffers = module.buffers().filter((each) => !inChain.has(each))
  const outside = { parameters, buffers, all: [...parameters, ...buffers] }
  const ends = new ChainEnds(step, chain)
  const { before, input } = await withValues(outside.all, () => measureBefore(ends, outside, options))
  let measured: MeasuredLayers | undefined
  try {
    measured = await measureLayers(chain, input, options)
    const { output, layers } = measured
    const after = await withValues(outside.all, () => measureAfter(ends, outside, output, before, options))
    // Often the chain gets a tensor of the batch as it is.
    const isEmpty = before.parameters.length + before.innerBytes === 0
    return { ...(isEmpty ? {} : { before }), layers, after }
  } finally {
    disposeAll(input)
    disposeAll(measured?.output)
  }
}

type Outside = Pick<Parameters<typeof measurePiece>[0], 'parameters' | 'buffers'>

/** The step before its chain and after it. */
class ChainEnds {
  readonly #step: StepToMeasure
  readonly #chain: readonly AnyLayer[]

  constructor(step: StepToMeasure, chain: readonly AnyLayer[]) {
    this.#step = step
    this.#chain = chain
  }

  /** What the chain gets. */
  before(observer: LayerObserver): unknown {
    const [first] = this.#chain
    try {
      this.#step.forward((layer, input, step, next) => {
        // Kept, so that no scope on the way out frees it.
        if (layer === first) throw new StepExit(mapTensors(input, (tensor) => keep(tensor.clone())))
        return observer.see(layer, input, step, next)
      })
    } catch (error) {
      if (StepExit.isInstance(error)) return mapTensors(error.value, adopt)
      throw error
    }
    throw this.#notCalledOnce(0)
  }

  /** The loss, for what the chain gave. */
  after(observer: LayerObserver, output: unknown): Tensor {
    let calls = 0
    const loss = this.#step.forward((layer, input, step, next) => {
      const place = this.#chain.indexOf(layer as AnyLayer)
      if (place === -1) return observer.see(layer, input, step, next)
      if (place === 0) calls++
      return (place === this.#chain.length - 1 ? output : input) as ReturnType<typeof next>
    })
    if (calls !== 1) throw this.#notCalledOnce(calls)
    return loss
  }

  #notCalledOnce(calls: number): LevinError {
    const { module } = this.#step
    return new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The layers that a pipeline would cut in ${module.constructor.name} are not called once in a step.`,
      expected: `one call of '${this.#chain[0]?.path}'`,
      found: String(calls),
      remedy: 'Add stages() to the module, which says what layers the step calls one after the other.',
    })
  }
}

async function measureBefore(ends: ChainEnds, { parameters, buffers }: Outside, options: MeasureOptions) {
  let input: unknown
  const before = await measurePiece(
    {
      name: 'before the layers',
      inputs: [],
      parameters,
      buffers,
      forward(observer) {
        const reached = ends.before(observer)
        input ??= mapTensors(reached, (tensor) => keep(tensor.clone()))
        return reached
      },
    },
    options,
  )
  return { before, input }
}

/** Whatever is not in the chain runs, less what came before it. */
async function measureAfter(
  ends: ChainEnds,
  { parameters, buffers }: Outside,
  output: unknown,
  before: MeasuredPiece,
  options: MeasureOptions,
): Promise<MeasuredPiece> {
  const both = await measurePiece(
    {
      name: 'after the layers',
      inputs: tensorsIn(output),
      parameters,
      buffers,
      forward: (observer) => ends.after(observer, output),
    },
    options,
  )
  return { ...both, forward: Math.max(0, both.forward - before.forward) }
}
