import { assignPaths, type LayerRanks } from '@levin/core'
import {
  type Rank,
  randomNormal,
  randomUniform,
  slice,
  type Tensor3D,
  type Tensor4D,
  tidy,
} from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { multiHeadAttention } from '../src/index.js'
import { contextAttention } from '../src/parallel/context-attention.js'
import { useBackend } from './support/backends.js'
import { stepAt } from './support/parity.js'

const HEADS = 3
const SIZE = 2

/** A ring of one. With more it is tested where there are groups, in `@levin/strategies`. */
const alone = { count: 1, index: 0 } as LayerRanks

beforeAll(() => useBackend('wasm'))

test('some of the heads find what they find among all, with their rows of a mask and their share of the dropout', () => {
  const layer = multiHeadAttention(HEADS * SIZE, HEADS, { causal: true, dropout: 0.4 })
  assignPaths(layer)
  tidy(() => {
    const make = (seed: number) => randomNormal<Rank.R3>([2, 5, HEADS * SIZE], 0, 1, 'float32', seed)
    const [q, k, v] = [make(1), make(2), make(3)]
    const mask: Tensor4D = randomUniform([2, HEADS, 5, 5], -1, 1, 'float32', 4)
    const features = (x: Tensor3D) => slice(x, [0, 0, SIZE], [2, 5, 2 * SIZE])
    const whole = contextAttention(layer, [q, k, v], { mask }, { start: 0, count: HEADS }, stepAt(), alone)
    const parts = [features(q), features(k), features(v)] as const
    const own = contextAttention(layer, parts, { mask }, { start: 1, count: 2 }, stepAt(), alone)
    expect([...own.dataSync()]).toEqual([...features(whole).dataSync()])
  })
})
