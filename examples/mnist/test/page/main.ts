import { webgpu } from '@levin/accelerator-webgpu'
import { cpu } from '@levin/accelerators'
import { type FewDigits, trainShortly } from '../short-training.js'

const accelerators = { cpu: () => cpu(), webgpu: () => webgpu() }

Object.assign(globalThis, {
  page: { train: (name: keyof typeof accelerators, digits: FewDigits) => trainShortly(accelerators[name](), digits) },
})
