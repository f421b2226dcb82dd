import { loadModule } from '@levin/checkpoints'
import { softmax, type Tensor, tensor4d, tidy } from '@tensorflow/tfjs-core'
import { DigitNet } from './digit-net.js'

/** The newest model, on the page itself: reads what is drawn. */
export class Reader {
  #net: DigitNet | undefined

  async load(checkpoint: string): Promise<void> {
    const net = await loadModule(DigitNet, checkpoint, { accelerator: 'cpu' })
    this.#net?.dispose()
    this.#net = net
  }

  forget(): void {
    this.#net?.dispose()
    this.#net = undefined
  }

  /** @param drawing `[28 · 28]` */
  read(drawing: Float32Array): Float32Array | undefined {
    const net = this.#net
    if (!net) return undefined
    return tidy(() =>
      softmax(net.predict<Tensor>(tensor4d(drawing, [1, 28, 28, 1])))
        .dataSync<'float32'>()
        .slice(),
    )
  }

  /** Of the first convolution. */
  get filters():
    | { readonly values: Float32Array; readonly shape: readonly [number, number, number, number] }
    | undefined {
    const filters = this.#net?.parameters()[0]
    if (!filters) return undefined
    return {
      values: filters.value.dataSync<'float32'>().slice(),
      shape: filters.shape as unknown as readonly [number, number, number, number],
    }
  }
}
