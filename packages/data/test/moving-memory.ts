import type { NumericData, NumericType, StagedTensor } from '@levin/core'

/**
 * Memory of a device that moves each time more of it is taken, as that of WebAssembly does while it grows: arrays from before
 * have no length then, and what is written to them is lost.
 */
export class MovingMemory {
  readonly staged: MovingTensor[] = []

  readonly stage = (shape: readonly number[], dtype: NumericType): StagedTensor => {
    for (const tensor of this.staged) tensor.move()
    const tensor = new MovingTensor(shape, dtype)
    this.staged.push(tensor)
    return tensor
  }
}

const VALUES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }

class MovingTensor implements StagedTensor {
  data: NumericData

  constructor(
    readonly shape: readonly number[],
    readonly dtype: NumericType,
  ) {
    this.data = new VALUES[dtype](shape.reduce((product, length) => product * length, 1)).fill(77)
  }

  move(): void {
    const { buffer } = this.data
    this.data = new VALUES[this.dtype](structuredClone(buffer, { transfer: [buffer] }) as ArrayBuffer)
  }

  release(): void {}
}
