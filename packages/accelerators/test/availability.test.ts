import { availabilityOf } from '@levin/core'
import { afterEach, expect, it, vi } from 'vitest'
import { cpu } from '../src/index.js'

afterEach(() => vi.unstubAllGlobals())

it('is available here, and says with what', async () => {
  const availability = await availabilityOf(cpu)
  expect(availability).toMatchObject({ ok: true, detail: expect.stringMatching(/logical processors, levin-kernels/) })
})

it('needs WebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  expect(await availabilityOf(cpu)).toMatchObject({
    ok: false,
    reason: expect.stringContaining('no WebAssembly'),
    remedy: expect.stringContaining("'tfjs-cpu'"),
  })
})

it('needs SIMD', async () => {
  vi.stubGlobal('WebAssembly', { validate: () => false })
  expect(await availabilityOf(cpu)).toMatchObject({ ok: false, reason: expect.stringContaining('no SIMD') })
})

it('says so where a page may not compile WebAssembly', async () => {
  const compile = () => Promise.reject(new Error('unsafe-eval'))
  vi.stubGlobal('WebAssembly', { validate: () => true, compile })
  expect(await availabilityOf(cpu)).toMatchObject({
    ok: false,
    reason: expect.stringContaining('unsafe-eval'),
    remedy: expect.stringContaining('Content-Security-Policy'),
  })
})

it.each([
  ['18.20.4', false],
  ['20.18.1', false],
  ['20.19.0', true],
  ['24.0.0', true],
])('on Node %s: %s', async (node, ok) => {
  const { process } = globalThis
  const older = Object.create(process, { versions: { value: { ...process.versions, node } } }) as typeof process
  vi.stubGlobal('process', older)
  expect((await availabilityOf(cpu)).ok).toBe(ok)
})

it('refuses to be set up where it is not available, with the same reason', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  await expect(cpu().setup()).rejects.toMatchObject({
    code: 'LEVIN_UNAVAILABLE',
    message: expect.stringMatching(/no WebAssembly.*--jitless/),
  })
})
