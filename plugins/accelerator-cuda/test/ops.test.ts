import { requirePart } from '@levin/real-parts'
import { opCases } from '@levin/testing/ops'
import { describe, it } from 'vitest'
import { tensorflow } from '../src/index.js'

const knownFailures = {
  'tfjs broadcastTo: (1,) to (0,): values': 'tfjs-core gives back its input, on every backend',
  'tfjs broadcastTo: (1,) to (0,): gradients': 'tfjs-core gives back its input, on every backend',
  'tfjs logSigmoid: of (3, 7), of transposes: gradients': 'tfjs-core does not save its input, on every backend',
}

describe.runIf(requirePart('tensorflow-binding'))(
  'every op on the accelerator tensorflow, as PyTorch computes it',
  () => {
    for (const { name, run } of opCases({ create: () => tensorflow(), knownFailures })) it(name, run)
  },
)
