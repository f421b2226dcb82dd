import {
  clippingCoefficient,
  type Gradients,
  type Parameter,
  type ProcessGroup,
  type TrainingWindow,
} from '@levin/core'
import { scalar } from '@tensorflow/tfjs-core'

/** Clipping by the norm of all gradients of the mesh, each of which counts once. */
export class MeshClipping {
  readonly #world: ProcessGroup

  constructor(world: ProcessGroup) {
    this.#world = world
  }

  /**
   * The factor on all gradients; `undefined` where none is asked for. Squares are added in double precision and in the order of the
   * ranks: the same bits on all of them.
   *
   * @param counts whether of all ranks this one counts a parameter's gradient
   */
  async coefficient(
    { clipping, optimizer }: TrainingWindow,
    gradients: Gradients,
    counts: (parameter: Parameter) => boolean,
  ): Promise<number | undefined> {
    if (clipping?.algorithm !== 'norm') return undefined
    const own = Float64Array.of(await squareOf(optimizer, new Map([...gradients].filter(([each]) => counts(each)))))
    const bytes = new Uint8Array(8 * this.#world.size)
    await (this.#world.blocking ?? this.#world.asynchronous).allGather(new Uint8Array(own.buffer), bytes)
    const square = scalar(new Float64Array(bytes.buffer).reduce((sum, each) => sum + each, 0))
    const coefficient = clippingCoefficient(square, clipping.value, true)
    square.dispose()
    return coefficient as number
  }
}

async function squareOf(optimizer: TrainingWindow['optimizer'], gradients: Gradients): Promise<number> {
  if (gradients.size === 0) return 0
  const square = optimizer.squaredNorm(gradients)
  const [value = 0] = await square.data()
  square.dispose()
  return value
}
