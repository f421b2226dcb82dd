import { cpu } from '@levin/accelerators'
import { webgpu } from '../../src/index.js'
import { type ShortTraining, train } from '../short-training.js'

const ACCELERATORS = { cpu, webgpu }

Object.assign(globalThis, {
  page: { train: (name: keyof typeof ACCELERATORS, training: ShortTraining) => train(ACCELERATORS[name](), training) },
})
