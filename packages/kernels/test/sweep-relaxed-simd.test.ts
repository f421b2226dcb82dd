import { registerKernels } from '@levin/kernels'
import './support.js'
import { sweep } from './sweep/sweep.js'

registerKernels({ simd: 'relaxed-simd' })
sweep()
