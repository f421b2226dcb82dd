// The build without fused multiply-add, which older engines get. The other tests run the one that the engine gets by
// itself: on every supported Node that with it.
import { kernelFingerprint, registerKernels } from '@levin/kernels'
import { describe, expect, it } from 'vitest'
import { convolutionCases } from './convolution-cases.js'
import { depthwiseCases } from './depthwise-cases.js'
import { functionCases } from './function-cases.js'
import { matmulCases } from './matmul-cases.js'
import './support.js'

registerKernels({ simd: 'simd' })

describe('the build without fused multiply-add', () => {
  it('names itself in the fingerprint', () => {
    expect(kernelFingerprint()).toMatch(/^levin-kernels\/\d+\.\d+\.\d+ simd\/[0-9a-f]{16} tfjs\/4\.\d+\.\d+$/)
  })
  matmulCases()
  convolutionCases()
  depthwiseCases()
  functionCases()
})
