import { adamUpdate, rmspropUpdate, sgdUpdate } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import { expectClose, type Recorded, toTensor } from './recorded.js'

/** Ten steps of an optimizer: what it was told, and the parameters after them. */
export interface OptimizerCase {
  readonly name: string
  readonly op: keyof typeof rules
  readonly args: Readonly<Record<string, unknown>>
  /** Whether NaN and infinities come in from the third step on. */
  readonly special: boolean
  readonly results: readonly Recorded[]
}

/** What all optimizers are given. */
export interface Given {
  readonly parameters: readonly Recorded[]
  /** By step and parameter. */
  readonly gradients: readonly (readonly Recorded[])[]
  /** By flat index in the fourth parameter. */
  readonly special: Readonly<Record<string, number | string>>
}

type Entry = Record<string, tf.Tensor>

interface Rule {
  readonly update: (entries: Entry[], options: object) => object[]
  /** Names of the state, beside those that options ask for. */
  readonly slots: (args: Readonly<Record<string, unknown>>) => readonly string[]
}

const rules = {
  sgdUpdate: {
    update: sgdUpdate as unknown as Rule['update'],
    slots: ({ momentum }) => (momentum === undefined ? [] : ['momentumBuffer']),
  },
  adamUpdate: {
    update: adamUpdate as unknown as Rule['update'],
    slots: ({ amsgrad }) => ['firstMoment', 'secondMoment', ...(amsgrad ? ['maxSecondMoment'] : [])],
  },
  rmspropUpdate: {
    update: rmspropUpdate as unknown as Rule['update'],
    slots: ({ centered, momentum }) => [
      'squareAverage',
      ...(centered ? ['gradientAverage'] : []),
      ...(momentum === undefined ? [] : ['momentumBuffer']),
    ],
  },
} satisfies Record<string, Rule>

export function runOptimizer({ op, args, special, results }: OptimizerCase, given: Given): void {
  const before = tf.memory().numTensors
  const { update, slots }: Rule = rules[op]
  const entries = given.parameters.map((recorded): Entry => {
    const state = slots(args).map((slot) => [slot, tf.zeros([...recorded.shape])] as const)
    return { parameter: toTensor(recorded), ...Object.fromEntries(state) }
  })
  given.gradients.forEach((recorded, index) => {
    const placed =
      special && index >= 2 ? recorded.map((one, at) => (at === 3 ? withSpecial(one, given) : one)) : recorded
    const gradients = placed.map((one) => toTensor(one))
    const inputs = entries.map((entry, at) => ({ ...entry, gradient: gradients[at] as tf.Tensor }))
    const changed = update(inputs, { ...args, step: index + 1 }) as Entry[]
    for (const [at, entry] of entries.entries()) expect(changed[at]?.['parameter']).toBe(entry['parameter'])
    tf.dispose(gradients)
  })
  for (const [at, entry] of entries.entries()) {
    expectClose(entry['parameter'] as tf.Tensor, results[at] as Recorded, `parameter ${at}`)
  }
  tf.dispose(entries)
  expect(tf.memory().numTensors - before, 'tensors left').toBe(0)
}

function withSpecial(recorded: Recorded, { special }: Given): Recorded {
  const data = [...recorded.data]
  for (const [index, value] of Object.entries(special)) data[Number(index)] = value
  return { ...recorded, data }
}
