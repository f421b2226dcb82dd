import { type CallInterceptor, isTensor, type Layer, Parameter } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** What calls of layers show of how ranks could divide them. */
export interface Observed {
  readonly dividedPart: number
  readonly sums: readonly number[]
  readonly attention: readonly { readonly heads: number; readonly bytes: number }[]
}

export const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === 'bool' ? 1 : 4)

/**
 * Watches the layers within one forward. A layer whose weight is divided along its last axis gives a part to each rank, and what
 * follows works on parts until one that is divided along its first: ranks sum what that gives.
 */
export class LayerObserver {
  readonly #sums: number[] = []
  readonly #attention: { heads: number; bytes: number }[] = []
  #inParts = false
  #calls = 0
  #parts = 0
  #all = 0

  /** For a step's interceptor, around whatever runs the layer. */
  readonly see: CallInterceptor = (layer, input, _step, next) => {
    const before = ++this.#calls
    const output = next(input)
    if (isTensor(output)) this.#note(layer as unknown as Layer<unknown, unknown>, output, this.#calls === before)
    return output
  }

  #note(layer: Layer<unknown, unknown>, output: Tensor, isLeaf: boolean): void {
    const bytes = bytesOf(output)
    const axis = splitAxis(layer)
    if (axis === 'first') this.#sums.push(bytes)
    if (axis) this.#inParts = axis === 'last'
    const { heads } = layer as { heads?: unknown }
    if (typeof heads === 'number') this.#attention.push({ heads, bytes: 2 * bytes })
    if (!isLeaf) return
    this.#all += bytes
    if (this.#inParts) this.#parts += bytes
  }

  get observed(): Observed {
    return {
      dividedPart: this.#all === 0 ? 0 : this.#parts / this.#all,
      sums: this.#sums,
      attention: this.#attention,
    }
  }
}

/** Along which axis a layer's weight is divided: that of its own parameters with the most axes. */
function splitAxis(layer: Layer<unknown, unknown>): 'first' | 'last' | undefined {
  const own = Object.values(layer).filter((value): value is Parameter => value instanceof Parameter && !!value.split)
  const [weight] = own.sort((a, b) => b.shape.length - a.shape.length)
  if (!weight?.split) return undefined
  return weight.split.axis === weight.shape.length - 1 && weight.shape.length > 1 ? 'last' : 'first'
}
