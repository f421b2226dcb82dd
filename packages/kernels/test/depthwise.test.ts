import { registerKernels } from '@levin/kernels'
import { describe } from 'vitest'
import { depthwiseCases } from './depthwise-cases.js'

registerKernels({ simd: 'simd' })

describe('DepthwiseConv2dNativeBackpropFilter and DepthwiseConv2dNativeBackpropInput', depthwiseCases)
