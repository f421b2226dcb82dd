import { setFlagsFromString } from 'node:v8'
import '@tensorflow/tfjs-backend-wasm'
import { kernelFingerprint, registerKernels } from '@levin/kernels'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundle, type Program } from './programs/bundle.js'
import { relaxedSimdProbe } from './programs/relaxed-simd-probe.js'

/** Node 20 has relaxed SIMD behind a flag; later versions have it without, and do not know the flag. */
const isFlagged = process.versions.node.startsWith('20.')

const variant = (): string | undefined => {
  registerKernels({ simd: 'auto' })
  return /^levin-kernels\/\d+\.\d+\.\d+ ([a-z-]+)\/[0-9a-f]{16} tfjs\//.exec(kernelFingerprint())?.[1]
}

describe('the build with fused multiply-add', () => {
  it('is chosen wherever the engine can be made to accept it', () => {
    expect(variant()).toBe('relaxed-simd')
  })

  it('is not, where the plain one is asked for', () => {
    registerKernels({ simd: 'simd' })
    expect(kernelFingerprint()).toContain(' simd/')
  })
})

describe.runIf(isFlagged)("the engine's flag", () => {
  afterEach(() => {
    vi.restoreAllMocks()
    setFlagsFromString('--no-experimental-wasm-relaxed-simd')
  })

  it('is off again afterwards', () => {
    expect(variant()).toBe('relaxed-simd')
    expect(WebAssembly.validate(relaxedSimdProbe)).toBe(false)
  })

  it('stays on where the program was started with it', () => {
    setFlagsFromString('--experimental-wasm-relaxed-simd')
    expect(variant()).toBe('relaxed-simd')
    expect(WebAssembly.validate(relaxedSimdProbe)).toBe(true)
  })

  it.each([
    ['that cannot be set', () => ({ setFlagsFromString: vi.fn().mockThrow(new Error('no flags here')) })],
    ['that changes nothing', () => ({ setFlagsFromString: vi.fn() })],
    ['in a Node without the module for it', () => undefined],
  ])('%s leaves the plain build', (_, module) => {
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(module as typeof process.getBuiltinModule)
    expect(variant()).toBe('simd')
  })

  it('is not touched in a version of V8 that may not know it', () => {
    const { versions } = process
    vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...versions, v8: '11.4.183.14' })
    const found = vi.spyOn(process, 'getBuiltinModule')
    expect(variant()).toBe('simd')
    expect(found).not.toHaveBeenCalled()
  })
})

describe('in a program of many threads', () => {
  let program: Program
  beforeAll(async () => {
    program = await bundle('simd-variant')
  })
  afterAll(() => program.remove())

  it('is chosen by each of them, however they race for the flag, and computes right', async () => {
    const right = (isMainThread: boolean) => ({ variant: 'relaxed-simd', right: true, isMainThread })
    const found = await program.run('6')
    expect(found).toHaveLength(7)
    expect(found[0]).toEqual({ ...right(true), flagKept: true })
    // While others start, the flag may be seen for a moment.
    for (const each of found.slice(1)) expect(each).toMatchObject(right(false))
  })
})
