import { registerKernels } from '@levin/kernels'
import { disableBlas } from '@levin/kernels/blas'
import { requirePart } from '@levin/real-parts'
import { afterAll, beforeAll, describe } from 'vitest'
import { sendEverythingToBlas } from './blas-support.js'
import './support.js'
import { sweep } from './sweep/sweep.js'

registerKernels({ simd: 'simd' })

describe.runIf(requirePart('openblas'))('with every product in OpenBLAS', () => {
  beforeAll(() => sendEverythingToBlas())
  afterAll(disableBlas)
  sweep()
})
