import { mesh } from '../src/index.js'
import { transformerPlan } from '../src/nn.js'
import { killEachRank } from './kill-each-rank.js'

const plan = transformerPlan({ tokens: 'tokens', head: 'head' })

killEachRank({
  'pipeline and tensor': { devices: 4, strategy: mesh({ pipeline: 2, tensor: 2, plan }) },
  'data with ZeRO, and a pipeline in parts': { devices: 4, strategy: mesh({ pipeline: 2, chunks: 2, zero: 1 }) },
})
