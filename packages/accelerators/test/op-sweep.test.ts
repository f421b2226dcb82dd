import { sweepAccelerator } from '@levin/op-sweep'
import { requirePart } from '@levin/real-parts'
import { describe } from 'vitest'
import { cpu, tfjsCpu } from '../src/index.js'

const report = (name: string): URL => new URL(`./op-reports/${name}.json`, import.meta.url)

// Where there is no OpenBLAS this would be the sweep that follows.
describe.runIf(requirePart('openblas'))('every op of layers, optimizers and metrics on cpu', () => {
  sweepAccelerator({
    accelerator: 'cpu',
    on: 'WebAssembly, with OpenBLAS',
    create: () => cpu(),
    report: report('cpu'),
  })
})

describe('every op of layers, optimizers and metrics on cpu without a BLAS', () => {
  sweepAccelerator({
    accelerator: 'cpu, no BLAS',
    on: 'WebAssembly alone',
    create: () => cpu({ blas: false }),
    report: report('cpu.without-blas'),
  })
})

describe('every op of layers, optimizers and metrics on tfjs-cpu', () => {
  sweepAccelerator({ accelerator: 'tfjs-cpu', on: 'JavaScript', create: () => tfjsCpu(), report: report('tfjs-cpu') })
})
