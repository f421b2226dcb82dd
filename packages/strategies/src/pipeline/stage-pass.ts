import { type CallInterceptor, LevinError, layerName, type Module, StepExit } from '@levin/core'
import type { Cuts } from './divide-chain.js'
import { recomputed } from './recomputed.js'
import type { AnyLayer, Chain } from './stages.js'

/** What came of a step in one stage. */
export type PassResult<T> =
  | { readonly kind: 'end'; readonly value: T }
  /** It was left at the end of the stage: what goes to the next. */
  | { readonly kind: 'cut'; readonly activation: unknown }

interface Pass {
  readonly stage: number
  readonly received: unknown
  /** The layer that has to come next. */
  next: number
}

/**
 * Runs steps of a module in one of its stages: layers of earlier stages are passed over, the first of this one gets what was
 * received, and before the first of the next the step is left.
 */
export class StageSteps {
  readonly #module: Module
  readonly #chain: Chain
  readonly #cuts: Cuts
  readonly #recompute: boolean
  readonly #places: ReadonlyMap<AnyLayer, number>
  #pass: Pass | undefined

  constructor(module: Module, chain: Chain, cuts: Cuts, recompute: boolean) {
    this.#module = module
    this.#chain = chain
    this.#cuts = cuts
    this.#recompute = recompute
    this.#places = new Map(chain.layers.map((layer, index) => [layer, index]))
  }

  get stages(): number {
    return this.#cuts.length - 1
  }

  /** The stage whose part of a step is running; `undefined` between steps. */
  get running(): number | undefined {
    return this.#pass?.stage
  }

  layersOf(stage: number): readonly AnyLayer[] {
    return this.#chain.layers.slice(this.#cuts[stage], this.#cuts[stage + 1])
  }

  readonly intercept: CallInterceptor = (layer, input, step, next) => {
    const pass = this.#pass
    const place = this.#places.get(layer as AnyLayer)
    if (place === undefined || !pass) return next(input)
    if (place !== pass.next) throw this.#outOfOrder(layer as AnyLayer, pass)
    const [start, end] = [this.#cuts[pass.stage] as number, this.#cuts[pass.stage + 1] as number]
    if (place === end) throw new StepExit(input)
    pass.next++
    // Nobody reads it: the next layer is passed over too, or gets what was received.
    if (place < start) return input as never
    const given = (place === start && pass.stage > 0 ? pass.received : input) as typeof input
    if (!this.#recompute || !step.training) return next(given)
    return recomputed(layer as AnyLayer, given, step, next as (input: unknown) => unknown) as never
  }

  /**
   * @param received from the stage before; anything in the first
   * @throws LEVIN_INVALID_MODULE if the step does not call the layers one after the other, each once
   */
  run<T>(stage: number, received: unknown, step: () => T): PassResult<T> {
    const pass: Pass = { stage, received, next: 0 }
    this.#pass = pass
    try {
      const value = step()
      if (pass.next < this.#chain.layers.length) throw this.#tooEarly(pass)
      return { kind: 'end', value }
    } catch (error) {
      if (StepExit.isInstance(error)) return { kind: 'cut', activation: error.value }
      if (pass.next < (this.#cuts[stage] as number)) throw this.#betweenStages(error, pass)
      throw error
    } finally {
      this.#pass = undefined
    }
  }

  #outOfOrder(layer: AnyLayer, { next }: Pass): LevinError {
    const expected = this.#chain.layers[next]
    return new LevinError('LEVIN_INVALID_MODULE', {
      message: `The step of ${this.#module.constructor.name} calls ${layerName(layer)} where a pipeline expects another layer.`,
      expected: expected ? layerName(expected) : 'no more layers of the pipeline',
      found: layerName(layer),
      remedy: 'Name in stages() the layers in the order in which the step calls them, each once.',
    })
  }

  #tooEarly({ next }: Pass): LevinError {
    return new LevinError('LEVIN_INVALID_MODULE', {
      message: `The step of ${this.#module.constructor.name} ends without having called all layers of the pipeline.`,
      expected: layerName(this.#chain.layers[next] as AnyLayer),
      found: 'the end of the step',
      remedy: 'Name in stages() the layers that every step calls.',
    })
  }

  /** What a step does between layers that it passes over works on values that are none. */
  #betweenStages(error: unknown, { stage, next }: Pass): unknown {
    if (LevinError.isInstance(error)) return error
    return new LevinError('LEVIN_INVALID_MODULE', {
      message: `The step of ${this.#module.constructor.name} failed before ${layerName(this.#chain.layers[next] as AnyLayer)}, in a part that stage ${stage} passes over: ${error instanceof Error ? error.message : String(error)}`,
      expected: 'layers of the pipeline to be called on what the one before gave, with nothing computed in between',
      found: 'an operation between two of them',
      remedy: 'Move it into one of the layers.',
      cause: error,
    })
  }
}
