import { opCases } from '@levin/testing/ops'
import { describe, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

describe.runIf(hasAdapter())('every op of layers, optimizers and metrics, on webgpu', () => {
  // WGSL promises sines, cosines and exponentials to 2⁻¹¹ or a few units in the last place, where C does to half a unit.
  const tolerance = { rtol: 1e-5, atol: 1e-5 }
  const knownFailures = {
    'tfjs broadcastTo: (1,) to (0,): values': 'tfjs takes a repetition of 0 for one of 1',
    'tfjs broadcastTo: (1,) to (0,): gradients': 'tfjs takes a repetition of 0 for one of 1',
    'tfjs einsum: ij,jk->ik, of (3, 0) and (0, 2): values': 'tfjs cannot contract an axis without elements',
    'tfjs einsum: ij,jk->ik, of (3, 0) and (0, 2): gradients': 'tfjs cannot contract an axis without elements',
    'tfjs einsum: ij,jk->ik, of (0, 3) and (3, 2): gradients': 'tfjs cannot contract an axis without elements',
    'tfjs mirrorPad: nothing: gradients': 'tfjs cannot slice a tensor without elements',
  }
  for (const { name, run } of opCases({ create: () => webgpu(), tolerance, knownFailures })) it(name, run)
})
