import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelFingerprint } from '@levin/kernels'
import { disableBlas, enableBlas, inspectBlas } from '@levin/kernels/blas'
import { requirePart } from '@levin/real-parts'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { libraryNames, libraryRemedy } from '../src/blas/libraries.js'
import { expectClose, kernel, product, random } from './support.js'

const folder = mkdtempSync(join(tmpdir(), 'levin-blas-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  disableBlas()
})

/** The head of a shared library for another processor: 64 bits, little-endian, IBM S/390. */
function foreignLibrary(): string {
  const path = join(folder, 'foreign.so')
  const head = new Uint8Array(4096)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.set([3, 0, 22, 0, 1], 16)
  writeFileSync(path, head)
  return path
}

function textFile(): string {
  const path = join(folder, 'text.so')
  writeFileSync(path, 'no library at all')
  return path
}

function expectOwnKernels(): void {
  expect(kernelFingerprint()).not.toContain('blas')
  const [a, b] = [random([40, 50], 1), random([50, 30], 2)]
  expectClose(kernel('BatchMatMul', { a, b }), product(a, b, false, false))
}

describe('without a library that works', () => {
  it('LEVIN_BLAS=off leaves products to the wasm kernels, and names no remedy', () => {
    vi.stubEnv('LEVIN_BLAS', 'off')
    expect(enableBlas()).toEqual({ ok: false, reason: 'LEVIN_BLAS=off' })
    expectOwnKernels()
  })

  it.each([
    [
      'a path where nothing is',
      () => '/nowhere/libopenblas.so',
      /LEVIN_BLAS: '\/nowhere\/libopenblas\.so' was not found/,
    ],
    ['a file that is no library', textFile, /text\.so' cannot be loaded/],
    ['a library for another processor', foreignLibrary, /foreign\.so' is no library for this processor/],
  ])('%s in LEVIN_BLAS leaves products to the wasm kernels, and says why', (_, path, reason) => {
    vi.stubEnv('LEVIN_BLAS', path())
    const report = enableBlas()
    expect(report).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
      remedy: expect.stringContaining('unset LEVIN_BLAS'),
    })
    expectOwnKernels()
  })

  it.runIf(process.platform === 'linux')('a library without the symbol does so too', () => {
    vi.stubEnv('LEVIN_BLAS', 'libm.so.6')
    expect(enableBlas()).toMatchObject({ ok: false, reason: expect.stringContaining("'libm.so.6' has no cblas_sgemm") })
    expectOwnKernels()
  })

  it('a name that is asked for goes before LEVIN_BLAS', () => {
    vi.stubEnv('LEVIN_BLAS', 'off')
    expect(inspectBlas({ library: '/nowhere/else.so' })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('/nowhere/else.so'),
    })
  })

  it('says that koffi is absent, and how to get both', async () => {
    vi.resetModules()
    const absent = () => {
      throw new Error("Cannot find module 'koffi'")
    }
    const builtin = process.getBuiltinModule
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
      name === 'node:module' ? { createRequire: () => absent } : builtin(name)) as never)
    const fresh = await import('../src/blas/index.js')
    expect(fresh.enableBlas()).toMatchObject({
      ok: false,
      reason: expect.stringContaining("'koffi'"),
      remedy: expect.stringMatching(/^npm install koffi/),
    })
  })

  it('knows that only Node calls native libraries', async () => {
    vi.resetModules()
    const fresh = await import('../src/blas/index.js')
    vi.stubGlobal('process', undefined)
    const report = fresh.enableBlas()
    vi.unstubAllGlobals()
    expect(report).toEqual({ ok: false, reason: 'native libraries can be called in Node only' })
  })

  it('one that stops working is no longer used', () => {
    enableBlas()
    vi.stubEnv('LEVIN_BLAS', 'off')
    enableBlas()
    expectOwnKernels()
  })
})

describe('on other systems', () => {
  it('looks where they have it, and says what brings it', () => {
    expect(libraryNames('darwin')[0]).toContain('Accelerate')
    expect(libraryNames('win32').every((name) => name.endsWith('.dll'))).toBe(true)
    expect(libraryNames('freebsd')).toEqual(['libopenblas.so'])
    expect(libraryRemedy('linux')).toBe('apt-get install libopenblas0')
    expect(libraryRemedy('darwin')).toContain('brew')
    expect(libraryRemedy('win32')).toContain('LEVIN_BLAS')
  })
})

describe.runIf(requirePart('openblas'))('with a library', () => {
  it('LEVIN_BLAS may name it', () => {
    vi.stubEnv('LEVIN_BLAS', 'libopenblas.so.0')
    expect(enableBlas()).toMatchObject({ ok: true, path: 'libopenblas.so.0', name: expect.stringMatching(/^OpenBLAS/) })
  })

  it('loading it leaves the environment as it was', () => {
    vi.stubEnv('OPENBLAS_NUM_THREADS', '7')
    inspectBlas({ library: 'libopenblas.so.0' })
    expect(process.env['OPENBLAS_NUM_THREADS']).toBe('7')
  })
})
