// Makes 'cuda' and 'tensorflow' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type CudaOptions, cuda } from './cuda.js'
import { type TensorFlowOptions, tensorflow } from './tensorflow.js'

register(cuda)
register(tensorflow)

declare module '@levin/core' {
  interface AcceleratorRegistry {
    cuda: CudaOptions
    tensorflow: TensorFlowOptions
  }
}
