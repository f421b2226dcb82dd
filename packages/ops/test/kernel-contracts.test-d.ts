import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { describe, expectTypeOf, it } from 'vitest'
import type { KernelContracts, KernelName } from '../src/index.js'

describe('kernel contracts', () => {
  it('are there for every name, and for nothing else', () => {
    expectTypeOf<keyof KernelContracts>().toEqualTypeOf<KernelName>()
  })

  it('take descriptions of tensors, so that kernels need no Tensor', () => {
    type Inputs = KernelContracts['LevinLayerNorm']['inputs']
    expectTypeOf<{ x: TensorInfo }>().toExtend<Inputs>()
    expectTypeOf<{ x: Tensor; gamma: Tensor }>().toExtend<Inputs>()
    expectTypeOf<{ gamma: Tensor }>().not.toExtend<Inputs>()
    expectTypeOf<KernelContracts['LevinAdamUpdate']['inputs']>().toEqualTypeOf<readonly TensorInfo[]>()
  })
})
