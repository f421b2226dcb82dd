import { opTable } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import type { SweepCase } from './sweep/recorded.js'
import { sweepFamilies } from './sweep/sweep.js'

// The ops of @levin/ops where no kernel of ours is: the same cases, the same numbers. Of NaN and infinities a composed op
// makes NaN in more places than a kernel, which can choose; those cases are left out.
const OP_NAMES: Readonly<Record<string, string>> = {
  biasedConv2d: 'conv2d',
  levinTanh: 'tanh',
  crossEntropy: 'softmaxCrossEntropy',
  binaryCrossEntropy: 'binaryCrossEntropyWithLogits',
  lstm: 'lstmSequence',
  gru: 'gruSequence',
}
/** Under these names the sweep has tfjs's own op. */
const NOT_OURS = ['conv2d', 'tanh']

const opOf = ({ op }: SweepCase): string => (NOT_OURS.includes(op) ? '' : (OP_NAMES[op] ?? op))

/** Masks are not asked: they hide by minus infinity. */
function isOrdinary({ inputs, outputs, upstream = [] }: SweepCase): boolean {
  const given = [...Object.values(inputs), ...outputs, ...upstream.filter((each) => typeof each !== 'string')]
  return given.every(({ data }) => data.every((value) => typeof value === 'number'))
}

describe('composed', () => {
  const seen = new Set<string>()
  beforeAll(async () => void (await tf.setBackend('cpu')))

  sweepFamilies((of) => {
    const wanted = Object.hasOwn(opTable, opOf(of)) && isOrdinary(of)
    if (wanted) seen.add(opOf(of))
    return wanted
  })

  it('every op that can be differentiated is among them', () => {
    const differentiable = Object.entries(opTable).filter(([, { keeps }]) => keeps.length > 0)
    expect(differentiable.map(([name]) => name).filter((name) => !seen.has(name))).toEqual([])
  })
})
