import { sweepAccelerator } from '@levin/op-sweep'
import { requirePart } from '@levin/real-parts'
import { describe } from 'vitest'
import { tensorflow } from '../src/index.js'

describe.runIf(requirePart('tensorflow-binding'))('every op of layers, optimizers and metrics on tensorflow', () => {
  sweepAccelerator({
    accelerator: 'tensorflow',
    on: 'TensorFlow’s library on a CPU',
    create: () => tensorflow(),
    report: new URL('./op-reports/tensorflow.json', import.meta.url),
  })
})
