import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnoseFailure, diagnoseMissingGpu } from '../src/diagnosis/diagnose.js'
import { probe } from '../src/diagnosis/probe.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-probe-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A package of which the main file does this. */
function packageThat(body: string): string {
  const path = join(folder, 'main.cjs')
  writeFileSync(path, body)
  return path
}

const reason = async (body: string, timeout?: number) => {
  const found = await probe(packageThat(body), { timeout })
  expect(found.loaded).toBe(false)
  return diagnoseFailure(found.said, '@tensorflow/tfjs-node').reason
}

describe('a probe', () => {
  it('gives the version, whether there is a GPU, and what was said', async () => {
    const body = `console.error('Could not find cuda drivers on your machine')
      exports.backend = () => ({ binding: { TF_Version: '2.9.1' }, isUsingGpuDevice: false })`
    const found = await probe(packageThat(body))
    expect(found).toMatchObject({ loaded: true, version: '2.9.1', gpu: false })
    expect(diagnoseMissingGpu(found.said, '@tensorflow/tfjs-node-gpu').reason).toMatch(/driver is not there/)
  })

  it('tells what was thrown', async () => {
    expect(await reason("throw new Error('libtensorflow.so.2: cannot open shared object file: No such file')")).toMatch(
      /not found: libtensorflow\.so\.2/,
    )
    expect(await reason("throw new TypeError('it is Tuesday')")).toBe(
      '@tensorflow/tfjs-node does not load: TypeError: it is Tuesday.',
    )
  })

  it('survives a library that ends the process', async () => {
    expect(await reason("process.kill(process.pid, 'SIGILL'); for (;;);")).toMatch(/instructions.*AVX/)
    expect(await reason("process.kill(process.pid, 'SIGSEGV'); for (;;);")).toMatch(/ended by SIGSEGV while it loaded/)
    expect(await reason('process.exit(3)')).toMatch(/exit code 3/)
  })

  it('does not wait for ever', async () => {
    expect(await reason('for (;;);', 500)).toMatch(/did not load within 0\.5 s/)
  })
})
