import { describe, Layer, LevinError, type StepContext } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** Any layer, whatever it takes and gives. */
export type AnyLayer = Layer<never, unknown>

/** A layer that gives as many axes as it takes, and says so in the type of its `forward`. */
interface RankPreserving {
  readonly preservesRank: true
  forward<T extends Tensor>(input: T, step: StepContext): T
}

/** What a chain of layers takes: what its first layer takes that cares about the number of axes. */
export type InputOf<Members extends readonly unknown[]> = number extends Members['length']
  ? Members[number] extends Layer<infer I, unknown>
    ? I
    : never
  : Members extends readonly [infer First, ...infer Rest]
    ? First extends RankPreserving
      ? InputOf<Rest>
      : First extends Layer<infer I, unknown>
        ? I
        : never
    : Tensor

/** What a chain of layers gives for an input of type `Current`. */
export type OutputOf<Members extends readonly unknown[], Current> = number extends Members['length']
  ? Members[number] extends Layer<never, infer O>
    ? O
    : never
  : Members extends readonly [infer First, ...infer Rest]
    ? OutputOf<Rest, Through<First, Current>>
    : Current

type Through<Member, Current> = Member extends RankPreserving
  ? Current
  : Member extends Layer<never, infer O>
    ? O
    : never

/**
 * The members, or in the place of one that cannot take what comes before it, the type of one that could. An array of any
 * length is left as it is.
 */
export type Chained<Members extends readonly unknown[], Current> = number extends Members['length']
  ? Members
  : Members extends readonly [infer First, ...infer Rest]
    ? [Takes<First, Current> extends true ? First : Layer<Current, unknown>, ...Chained<Rest, Through<First, Current>>]
    : []

// A tensor of unknown rank may be what the layer wants; only a certain mismatch is an error.
type Takes<Member, Current> = Member extends RankPreserving
  ? true
  : Member extends Layer<infer I, unknown>
    ? [Current] extends [I]
      ? true
      : [I] extends [Current]
        ? true
        : false
    : false

/** Layers one after the other. Members are named by their place: `net.0.weight`. */
export class Sequential<
  I = Tensor,
  O = Tensor,
  Members extends readonly AnyLayer[] = readonly AnyLayer[],
> extends Layer<I, O> {
  readonly layers: Members

  constructor(layers: Members) {
    super()
    const stranger = layers.findIndex((layer) => !(layer instanceof Layer))
    if (stranger >= 0) {
      throw new LevinError('LEVIN_BAD_OPTION', {
        expected: 'sequential() to be given layers',
        found: `${describe(layers[stranger])} at position ${stranger}`,
        remedy: 'Wrap functions: lambda((x) => …).',
      })
    }
    this.layers = layers
  }

  override *children(): Iterable<readonly [name: string, child: unknown]> {
    for (const [place, layer] of this.layers.entries()) yield [String(place), layer]
  }

  override get chain(): readonly AnyLayer[] {
    return this.layers
  }

  compute(input: I, step: StepContext): O {
    let value: unknown = input
    for (const layer of this.layers) value = (layer as Layer<unknown, unknown>).forward(value, step)
    return value as O
  }
}

/**
 * Layers one after the other. The compiler refuses a layer that cannot take what the one before it gives.
 *
 * @example
 * const net = sequential(conv2d(1, 16, 3), relu(), maxPool2d(2), flatten(), linear(16 * 13 * 13, 10))
 */
export const sequential = <const Members extends readonly AnyLayer[]>(
  ...layers: Members & Chained<Members, InputOf<Members>>
): Sequential<InputOf<Members>, OutputOf<Members, InputOf<Members>>, Members> => new Sequential(layers as Members)
