import './enable-relaxed-simd.js'
import { kernelFingerprint, registerKernels } from '@levin/kernels'
import { describe, expect, it } from 'vitest'
import { convolutionCases } from './convolution-cases.js'
import { depthwiseCases } from './depthwise-cases.js'
import { matmulCases } from './matmul-cases.js'

registerKernels({ simd: 'relaxed-simd' })

describe('the build with fused multiply-add', () => {
  it('names itself in the fingerprint', () => {
    expect(kernelFingerprint()).toMatch(/^levin-kernels\/\d+\.\d+\.\d+ relaxed-simd\/[0-9a-f]{16} tfjs\/4\.\d+\.\d+$/)
  })
  matmulCases()
  convolutionCases()
  depthwiseCases()
})
