import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernelFingerprint, registerKernels } from '@levin/kernels'
import { disableBlas, enableBlas } from '@levin/kernels/blas'
import { requirePart } from '@levin/real-parts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendEverythingToBlas } from './blas-support.js'
import { matmulCases } from './matmul-cases.js'

registerKernels({ simd: 'simd' })

/** The library that PyPI's `scipy-openblas32` carries, whose names begin with `scipy_`. */
function carriedLibrary(): string {
  const environment = fileURLToPath(new URL('../../../node_modules/.cache/levin-bench/python/', import.meta.url))
  const within = readdirSync(environment, { recursive: true, encoding: 'utf8' })
  const found = within.find((path) => /scipy_openblas32[\\/]lib[\\/]libscipy_openblas\.(so|dylib|dll)$/.test(path))
  if (found === undefined) throw new Error('The environment of the peers has no scipy_openblas32.')
  return join(environment, found)
}

describe.runIf(requirePart('python-peers'))('a library that adds to its names', () => {
  let library = ''
  beforeAll(() => {
    library = carriedLibrary()
  })
  afterAll(disableBlas)

  it('is found by its path, with its version and threads', () => {
    const report = enableBlas({ library, threads: 2 })
    expect(report).toMatchObject({ ok: true, name: expect.stringMatching(/^OpenBLAS 0\.3\.\d+/), threads: 2 })
    expect(kernelFingerprint()).toMatch(/blas\/OpenBLAS-0\.3\.\S+\/2-threads/)
  })

  describe('computes every product', () => {
    beforeAll(() => sendEverythingToBlas({ library }))
    matmulCases()
  })
})
