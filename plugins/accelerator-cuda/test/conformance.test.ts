import { requirePart } from '@levin/real-parts'
import { acceleratorCases } from '@levin/testing'
import { describe, it } from 'vitest'
import { tensorflow } from '../src/index.js'

describe.runIf(requirePart('tensorflow-binding'))(
  'the accelerator tensorflow, as the Trainer and the strategies rely on it',
  () => {
    for (const { name, run } of acceleratorCases({ create: () => tensorflow(), plugin: tensorflow })) it(name, run)
  },
)
