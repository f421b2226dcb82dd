import { Layer, Parameter, ParameterTree, type StepContext, uniform } from '@levin/core'
import type { RecurrentOperands } from '@levin/ops'
import { type Rank, Tensor, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core'
import { checkInput, refuseInput } from '../check-input.js'
import { keyedDropout } from '../keyed-dropout.js'
import { numberWithin, wholeNumber } from '../options.js'
import { requireWholeSequence } from '../parallel/refusals.js'

export interface RecurrentOptions {
  /** Layers, each fed with the output of the one below. Default 1. */
  readonly layers?: number
  /** Share of the output of every layer but the last that is dropped in training. Default 0. */
  readonly dropout?: number
  /** Whether each layer has its two biases. Default `true`. */
  readonly bias?: boolean
}

/** The weights of one layer, its gates side by side. */
export class RecurrentWeights extends ParameterTree {
  /** `[in, gates · hidden]`: PyTorch's `weight_ih_l0`, transposed. */
  readonly inputWeight: Parameter<Rank.R2>
  /** `[hidden, gates · hidden]`: `weight_hh_l0`, transposed. */
  readonly recurrentWeight: Parameter<Rank.R2>
  /** `[gates · hidden]`: `bias_ih_l0`. */
  readonly inputBias: Parameter<Rank.R1> | undefined
  /** `[gates · hidden]`: `bias_hh_l0`. */
  readonly recurrentBias: Parameter<Rank.R1> | undefined

  constructor(inputs: number, hidden: number, gates: number, bias: boolean) {
    super()
    const bound = 1 / Math.sqrt(hidden)
    const initial = uniform(-bound, bound)
    this.inputWeight = new Parameter([inputs, gates * hidden], initial)
    this.recurrentWeight = new Parameter([hidden, gates * hidden], initial)
    this.inputBias = bias ? new Parameter([gates * hidden], initial) : undefined
    this.recurrentBias = bias ? new Parameter([gates * hidden], initial) : undefined
  }

  /** As the ops take them. */
  get values(): Omit<RecurrentOperands, 'x' | 'hidden'> {
    return {
      inputWeight: this.inputWeight.value,
      recurrentWeight: this.recurrentWeight.value,
      inputBias: this.inputBias?.value,
      recurrentBias: this.recurrentBias?.value,
    }
  }
}

/** Layers of recurrent units over a sequence. The base of `Lstm` and `Gru`. */
export abstract class Recurrent extends Layer<Tensor3D, Tensor3D> {
  readonly inFeatures: number
  readonly hiddenFeatures: number
  readonly dropout: number
  readonly layers: readonly RecurrentWeights[]

  protected constructor(owner: string, gates: number, inputs: number, hidden: number, options: RecurrentOptions) {
    super()
    const { layers = 1, dropout = 0, bias = true } = options
    this.inFeatures = wholeNumber(owner, 'input', inputs)
    this.hiddenFeatures = wholeNumber(owner, 'hidden', hidden)
    this.dropout = numberWithin(owner, 'dropout', dropout, { from: 0, to: 1 })
    wholeNumber(owner, 'layers', layers)
    const inputsOf = (layer: number) => (layer === 0 ? inputs : hidden)
    this.layers = Array.from({ length: layers }, (_, i) => new RecurrentWeights(inputsOf(i), hidden, gates, bias))
  }

  protected checkSequence(x: Tensor, step: StepContext): void {
    checkInput(this, x, { axes: ['batch', 'time', this.inFeatures] })
    requireWholeSequence(this, x, step)
    if (x.shape[1] === 0) throw refuseInput(this, x, 'a sequence of at least one step', 'Leave out empty sequences.')
  }

  /** The states of all layers, where they are given. */
  protected checkStates(states: readonly Tensor[] | undefined, batch: number): void {
    if (states === undefined) return
    if (!Array.isArray(states) || states.length !== this.layers.length) {
      const expected = `states of ${this.layers.length} layers, one tensor each`
      throw refuseInput(this, states, expected, 'Hand in what an earlier call gave as its states.')
    }
    for (const state of states) checkInput(this, state, { axes: [batch, this.hiddenFeatures] })
  }

  /** What goes into a layer: dropout applies to the output of the one below. */
  protected inputOf(layer: number, below: Tensor, step: StepContext): Tensor {
    if (layer === 0 || !step.training || this.dropout === 0) return below
    return keyedDropout(below, this.dropout, this.path, step)
  }

  protected describeAs(name: string): string {
    const count = this.layers.length
    return `${name}(${this.inFeatures} → ${this.hiddenFeatures}${count === 1 ? '' : `, ${count} layers`})`
  }
}

/** Whether a recurrent layer was given states beside the sequence. */
export const hasStates = <I extends object>(input: Tensor3D | I): input is I =>
  !(input instanceof Tensor) && typeof input === 'object' && input !== null

/** States by layer, `[batch, hidden]` each, from the first layer to the last. */
export type States = readonly Tensor2D[]
