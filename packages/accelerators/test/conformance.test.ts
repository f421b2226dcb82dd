import { acceleratorCases } from '@levin/testing'
import { describe, it } from 'vitest'
import { cpu, tfjsCpu } from '../src/index.js'

describe.each([
  ['cpu', { create: () => cpu(), plugin: cpu }],
  ['tfjs-cpu', { create: () => tfjsCpu(), plugin: tfjsCpu }],
])('the accelerator %s, as the Trainer and the strategies rely on it', (_name, harness) => {
  for (const { name, run } of acceleratorCases(harness)) it(name, run)
})
