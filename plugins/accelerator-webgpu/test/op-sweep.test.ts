import { sweepAccelerator } from '@levin/op-sweep'
import { describe } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

describe.runIf(hasAdapter())('every op of layers, optimizers and metrics on webgpu', () => {
  sweepAccelerator({
    accelerator: 'webgpu',
    on: 'Dawn in Node, on SwiftShader',
    // SwiftShader's exponentials are rougher than a processor's.
    tolerance: { rtol: 1e-5, atol: 1e-5 },
    create: () => webgpu(),
    report: new URL('./op-reports/webgpu.json', import.meta.url),
  })
})
