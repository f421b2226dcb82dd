import { requirePart } from '@levin/real-parts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle, type Program } from './programs/bundle.js'

describe.runIf(requirePart('openblas'))('a program that was bundled into one file', () => {
  let program: Program
  beforeAll(async () => {
    program = await bundle('blas-threads')
  })
  afterAll(() => program.remove())

  const right = (threads: string, isMainThread: boolean) => ({
    ok: true,
    fingerprint: expect.stringContaining(`/${threads}/`),
    wrong: 0,
    isMainThread,
  })

  it('finds the library on its main thread', async () => {
    expect(await program.run('0', '1')).toEqual([right('1-thread', true)])
  })

  it.each([
    [1, '1-thread'],
    [2, '2-threads'],
  ])('multiplies right in two worker threads at once, with %i threads each', async (threads, name) => {
    expect(await program.run('2', `${threads}`)).toEqual([right(name, false), right(name, false)])
  })
})
