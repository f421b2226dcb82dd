import { describe, expect, it } from 'vitest'
import { diagnoseFailure, diagnoseMissingGpu } from '../src/diagnosis/diagnose.js'
import { SYMPTOMS } from '../src/diagnosis/symptoms.js'
import { RECORDED } from './recorded-texts.js'

describe('the diagnosis', () => {
  it.each(RECORDED.map((recorded) => [recorded.what, recorded] as const))('of %s', (_what, recorded) => {
    const { said, packageName = '@tensorflow/tfjs-node', reason, remedy } = recorded
    const found = diagnoseFailure(said, packageName)
    expect(found.reason).toMatch(reason)
    expect(found.remedy).toMatch(remedy)
  })

  it('of something unknown tells its own words', () => {
    const { reason, remedy } = diagnoseFailure(
      'node:internal/x:1\nTypeError: it is Tuesday.\n    at y',
      '@tensorflow/tfjs-node',
    )
    expect(reason).toBe('@tensorflow/tfjs-node does not load: TypeError: it is Tuesday.')
    expect(remedy).toContain('node -e "require(\'@tensorflow/tfjs-node\')"')
  })

  it('of a GPU that is missing without a word says where to look', () => {
    const { reason, remedy } = diagnoseMissingGpu('', '@tensorflow/tfjs-node-gpu')
    expect(reason).toContain('no GPU')
    expect(remedy).toMatch(/CUDA_VISIBLE_DEVICES.*nvidia-smi -L/)
  })

  it('has a recorded text for every symptom that has a text of its own', () => {
    const unseen = SYMPTOMS.filter(({ pattern }) => !RECORDED.some(({ said }) => pattern.test(said)))
    // Only on ARM, where nobody recorded it.
    expect(unseen.map(({ pattern }) => pattern.source)).toEqual([expect.stringContaining('static TLS block')])
  })
})
