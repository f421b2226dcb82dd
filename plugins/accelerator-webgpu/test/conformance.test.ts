import { acceleratorCases } from '@levin/testing'
import { describe, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

describe.runIf(hasAdapter())('the accelerator webgpu, as the Trainer and the strategies rely on it', () => {
  for (const { name, run } of acceleratorCases({ create: () => webgpu(), plugin: webgpu })) it(name, run)
})
