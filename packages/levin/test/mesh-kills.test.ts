import { mesh } from '../src/index.js'
import { transformerPlan } from '../src/nn.js'
import { killEachRank } from './kill-each-rank.js'

const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

// Larger ones are in the soak.
killEachRank({
  'a pipeline': { devices: 2, strategy: mesh({ pipeline: 2, schedule: 'zeroBubble' }) },
  'tensor ranks': { devices: 2, strategy: mesh({ tensor: 2, plan, sequenceParallel: true }) },
  'context ranks': { devices: 2, strategy: mesh({ context: 2 }) },
})
