import { requirePart } from '@levin/real-parts'
import { beforeAll, describe, expect, it } from 'vitest'
import { runTfjsSuite, type SuiteResult } from './tfjs-suite/run.js'

/** Kernels of strings and ragged tensors, which nothing trains on. */
const ABSENT = ['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'StaticRegexReplace']

/** The groups of tests of what the kernels add or replace, by tfjs's names. */
const OURS = [
  '1D FFT',
  '2D FFT',
  '1D IFFT',
  '2D IFFT',
  '1D RFFT',
  '2D RFFT',
  '1D IRFFT',
  '2D IRFFT',
  '3D IRFFT',
  'avgPool',
  'clipByValue',
  'clone',
  'complex64',
  'concat1d',
  'concat2d',
  'concat3d',
  'confusionMatrix',
  'conv1d',
  'conv2d',
  'conv2dTranspose',
  'depthwiseConv2D',
  'depthwiseConv2d gradients',
  'einsum',
  'fused matmul',
  'gather',
  'matmul',
  'matmulBatch',
  'maxPool',
  'mirrorPad',
  'pad 1d',
  'pad 2d',
  'pad 3d',
  'pad 4d',
  'prelu',
  'relu6',
  'reverse',
  'reverse1d',
  'reverse2d',
  'reverse3d',
  'reverse4d',
  'separableConv2d',
  'slice ',
  'slice1d',
  'slice2d',
  'slice3d',
  'slice4d',
  'split',
  'stack',
  'stft',
  'stridedSlice',
  'transpose',
  'unsortedSegmentSum',
  'unstack',
]

let stock: SuiteResult[]
let ours: SuiteResult[]
let blas: SuiteResult[]
const hasBlas = requirePart('openblas')

beforeAll(async () => {
  ;({ stock, ours, blas } = await runTfjsSuite({ blas: hasBlas }))
}, 300_000)

describe("tfjs-core's own tests on the wasm backend", () => {
  it('run in full with either kernels', () => {
    expect(stock.length).toBeGreaterThan(4_000)
    expect(ours.map(({ name }) => name)).toEqual(stock.map(({ name }) => name))
  })

  it('pass with our kernels where they pass with the stock ones', () => {
    const broken = stock.flatMap(({ status }, index) =>
      status === 'passed' && ours[index]?.status !== 'passed' ? [ours[index]] : [],
    )
    expect(broken).toEqual([])
  })

  it.each(OURS)('pass with our kernels in the group %s', (group) => {
    const tests = ours.filter(({ name }) => name.startsWith(`${group} wasm {} `))
    expect(tests.length).toBeGreaterThan(0)
    // The stock backend has no convolution with the channels first.
    const failed = tests.filter(({ name, status }) => status === 'failed' && !name.includes('NCHW'))
    expect(failed).toEqual([])
  })

  it.runIf(hasBlas)('pass with every product in a BLAS library where they pass with our kernels', () => {
    const passed = new Set(ours.filter(({ status }) => status === 'passed').map(({ name }) => name))
    expect(blas.filter(({ name, status }) => status !== 'passed' && passed.has(name))).toEqual([])
    expect(blas.filter(({ name }) => passed.has(name)).length).toBeGreaterThan(400)
  })

  it('miss no kernel but those of strings and ragged tensors', () => {
    const missing = ours.flatMap(({ failure }) => /Kernel '(\w+)' not registered/.exec(failure)?.[1] ?? [])
    expect([...new Set(missing)].filter((name) => !ABSENT.includes(name))).toEqual([])
  })
})
