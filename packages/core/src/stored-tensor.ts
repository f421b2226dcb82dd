import { type Rank, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { keep } from './engine.js'
import { LevinError } from './errors.js'
import type { Initializer } from './initializers.js'
import { blocksOf, deriveKey, type RandomKey, type SliceLayout } from './rng/index.js'

/** Which part of a whole tensor a rank holds. */
export interface Shard {
  readonly start: readonly number[]
  readonly shape: readonly number[]
  /**
   * The part is a stretch of the elements in row-major order: `start` and `shape` have one axis, whatever the whole has. A
   * stretch divides evenly where rows do not. Default `false`.
   */
  readonly flat?: boolean
}

export interface MaterialiseOptions {
  readonly seed: number
  /** Hold only this part. Default: the whole. */
  readonly shard?: Shard | undefined
}

/**
 * A tensor that a module declares and somebody materialises later: shape, initialiser and path are known at once, the
 * value once the device is set up. The base of `Parameter` and `Buffer`.
 */
export abstract class StoredTensor<R extends Rank = Rank> {
  /** Shape of the whole, whatever part is held here. */
  readonly shape: readonly number[]
  readonly dtype = 'float32' as const
  readonly initializer: Initializer
  readonly #paths: string[] = []
  #value: Tensor<R> | undefined
  #shard: Shard | undefined
  #lender: ((held: Tensor) => Tensor) | undefined

  constructor(shape: readonly number[], initializer: Initializer) {
    const bad = shape.find((size) => !Number.isSafeInteger(size) || size < 0)
    if (bad !== undefined) {
      throw new LevinError('LEVIN_SHAPE', {
        expected: 'a shape of whole numbers of at least 0',
        found: `[${shape.join(', ')}]`,
      })
    }
    this.shape = Object.freeze([...shape])
    this.initializer = initializer
  }

  /** `net.0.weight`: the first of its paths, and its key in checkpoints. `''` before the module was walked. */
  get path(): string {
    return this.#paths[0] ?? ''
  }

  /** Every place where a tied tensor appears. */
  get paths(): readonly string[] {
    return this.#paths
  }

  /** Elements of the whole. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1)
  }

  get isMaterialised(): boolean {
    return this.#value !== undefined
  }

  /** The part of the whole that is held here; `undefined` for all of it. */
  get shard(): Shard | undefined {
    return this.#shard
  }

  /** How the held part lies in the whole. */
  get layout(): SliceLayout {
    const { start, shape, flat = false } = this.#shard ?? { start: this.shape.map(() => 0), shape: this.shape }
    return { globalShape: flat ? [this.size] : this.shape, start, shape }
  }

  /**
   * The held values, of `layout.shape`. Optimizers change them in place: copy what has to last. Within a step, a strategy that
   * holds a part here shows the whole.
   *
   * @throws LEVIN_NOT_MATERIALISED before {@link materialise}
   */
  get value(): Tensor<R> {
    const value = this.#value
    if (value) return this.#lender ? (this.#lender(value) as Tensor<R>) : value
    throw new LevinError('LEVIN_NOT_MATERIALISED', {
      message: `'${this.path || this.initializer.name}' has no value yet.`,
      remedy:
        'The Trainer materialises parameters; without one, call module.build({ seed }) after setting up the device.',
    })
  }

  /** @internal Called by the walk over a module. */
  addPath(path: string): void {
    if (!this.#paths.includes(path)) this.#paths.push(path)
  }

  /** @internal Paths belong to the outermost module that was walked last. */
  clearPaths(): void {
    this.#paths.length = 0
  }

  /** Computes the initial values from (seed, path, global index) and uploads them. Keeps a value that is already there. */
  materialise({ seed, shard }: MaterialiseOptions): void {
    if (this.#value) return
    this.#shard = shard
    const { layout } = this
    const values = new Float32Array(layout.shape.reduce((product, size) => product * size, 1))
    this.#fill(values, deriveKey(seed, 'initialise', this.path))
    this.#value = keep(tensor<Rank>(values, [...layout.shape], 'float32') as Tensor<R>)
  }

  /** A stretch is filled block by block: an initialiser may ask for the whole's shape, as those by fan do. */
  #fill(target: Float32Array, key: RandomKey): void {
    const shard = this.#shard
    if (!shard?.flat) {
      this.initializer.fill(target, key, this.layout)
      return
    }
    let filled = 0
    for (const block of blocksOf(this.shape, shard.start[0] as number, shard.shape[0] as number)) {
      const count = block.shape.reduce((product, size) => product * size, 1)
      this.initializer.fill(target.subarray(filled, filled + count), key, block)
      filled += count
    }
  }

  /** Replaces the value; the tensor becomes this object's. */
  assign(value: Tensor): void {
    this.requireShape(value.shape)
    const kept = keep(value as Tensor<R>)
    if (this.#value !== kept) this.#value?.dispose()
    this.#value = kept
  }

  /** Holds another part of the whole from now on: `value` is that part. */
  reshard(shard: Shard | undefined, value: Tensor): void {
    this.#shard = shard
    this.assign(value)
  }

  /**
   * Holds another part, and gives back the value held so far, which is the caller's now: how a strategy goes to and fro between
   * the whole and its part.
   */
  exchange(shard: Shard | undefined, value: Tensor): Tensor {
    const before = this.#value ?? this.value
    this.#shard = shard
    this.#value = undefined
    this.assign(value)
    return before
  }

  /**
   * From now on whoever reads {@link value} gets what `lender` makes of the held tensor: how a strategy that holds a part gathers
   * the whole where it is used. It is asked at every read; the tensor stays its own. `undefined` ends it.
   */
  lendBy(lender: ((held: Tensor) => Tensor) | undefined): void {
    this.#lender = lender
  }

  requireShape(shape: readonly number[]): void {
    const expected = this.layout.shape
    if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return
    throw new LevinError('LEVIN_SHAPE', {
      message: `'${this.path}' cannot take this value.`,
      expected: `shape [${expected.join(', ')}]`,
      found: `[${shape.join(', ')}]`,
    })
  }

  /** Frees the value. It can be materialised again. */
  dispose(): void {
    this.#value?.dispose()
    this.#value = undefined
    this.#shard = undefined
    this.#lender = undefined
  }
}
