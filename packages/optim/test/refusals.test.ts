import { LevinError } from '@levin/core'
import { tensor1d, variable } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { adam, adamW, rmsprop, sgd } from '../src/index.js'
import { gradientsOf, parametersOf } from './parameters.js'

const list = parametersOf([[1, 2], [3]], [[2], [1]])
const gradients = gradientsOf(list, [[1, 1], [1]])
const [first, second] = list

const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['an empty list', () => sgd([]), /sgd got no parameters.*module\.parameters\(\)/],
  ['empty groups', () => sgd([{ parameters: [] }]), /sgd got no parameters/],
  ['nothing', () => adam(undefined as never), /adam needs to know what to train.*found undefined/],
  [
    'a module instead of its parameters',
    () => adam({ parameters: () => list } as never),
    /found an object with parameters/,
  ],
  [
    'something that is no parameter',
    () => adam([first, 'weight'] as never),
    /Item 1 of the parameters of adam, group 0.*found 'weight'/,
  ],
  [
    'a variable',
    () => adam([variable(tensor1d([1, 2]))] as never),
    /found a tf\.Variable of shape \[2\]\. Wrap it: VariableParameter\.of/,
  ],
  ['a tensor', () => adam([tensor1d([1, 2])] as never), /found a float32 tensor of shape \[2\]/],
  ['a group without parameters', () => adam([{ parameters: 3 }] as never), /adam, group 0 needs to know.*found 3/],
  ['a parameter twice', () => sgd([first, first] as never), /the parameter 'p0' \(in 'group 0'\) twice/],
  [
    'a parameter in two groups',
    () => sgd([{ parameters: [first] }, { parameters: [second, first], name: 'head' }] as never),
    /the parameter 'p0' \(in 'group 0' and in 'head'\) twice/,
  ],
  [
    'two groups of one name',
    () =>
      sgd([
        { parameters: [first], name: 'a' },
        { parameters: [second], name: 'a' },
      ] as never),
    /the group name 'a' twice/,
  ],
  [
    'groups mixed with parameters',
    () => sgd([{ parameters: [first] }, second] as never),
    /groups and single parameters/,
  ],
  [
    'a group without a name',
    () => sgd([{ parameters: [first], name: '' }] as never),
    /`name` of sgd, group 0.*not empty/,
  ],
  [
    'a wrong option of a group',
    () => sgd([{ parameters: [first], learningRate: -1 }] as never),
    /`learningRate` of sgd, group 0/,
  ],
  ['options that are none', () => sgd(list, 0.1 as never), /options of sgd.*an object, found 0\.1/],
  ['an unknown option', () => sgd(list, { lr: 0.1 } as never), /sgd has no option `lr`.*`learningRate`/],
  [
    'a learning rate that is text',
    () => sgd(list, { learningRate: '0.1' as never }),
    /`learningRate` of sgd.*found '0\.1'/,
  ],
  ['a negative learning rate', () => adam(list, { learningRate: -1 }), /`learningRate` of adam.*at least 0, found -1/],
  ['a learning rate of NaN', () => adam(list, { learningRate: Number.NaN }), /`learningRate`.*found NaN/],
  ['negative momentum', () => sgd(list, { momentum: -0.9 }), /`momentum` of sgd/],
  [
    'nesterov without momentum',
    () => sgd(list, { nesterov: true }),
    /needs momentum.*found momentum 0 and dampening 0/,
  ],
  ['nesterov with dampening', () => sgd(list, { nesterov: true, momentum: 0.9, dampening: 0.1 }), /dampening 0\.1/],
  [
    'nesterov that a group takes the momentum from',
    () => sgd([{ parameters: list, momentum: 0 }], { nesterov: true, momentum: 0.9 }),
    /needs momentum/,
  ],
  [
    'a beta of 1',
    () => adamW(list, { betas: [0.9, 1] }),
    /`betas` of adamW.*two numbers in \[0, 1\), found \[0\.9, 1\]/,
  ],
  ['one beta', () => adamW(list, { betas: [0.9] as never }), /`betas`.*found \[0\.9\]/],
  ['a negative epsilon', () => adam(list, { epsilon: -1e-8 }), /`epsilon` of adam/],
  ['negative decay', () => adamW(list, { weightDecay: -0.1 }), /`weightDecay` of adamW/],
  ['a flag that is none', () => adam(list, { amsgrad: 1 as never }), /`amsgrad` of adam.*true or false, found 1/],
  ['an alpha of 1', () => rmsprop(list, { alpha: 1 }), /`alpha` of rmsprop.*\[0, 1\), found 1/],
  ['clipping at 0', () => sgd(list).step(gradients, { clipValue: 0 }), /`clipValue` of sgd\.step.*above 0, found 0/],
  [
    'a scale that is text',
    () => sgd(list).step(gradients, { gradientScale: '1' as never }),
    /`gradientScale`.*found '1'/,
  ],
  [
    'a scale that is no scalar',
    () => sgd(list).step(gradients, { gradientScale: tensor1d([1]) as never }),
    /`gradientScale`.*found a float32 tensor of shape \[1\]/,
  ],
]

it.each(refusals)('refuses %s, and says what and where', (_, make, message) => {
  let error: unknown
  try {
    make()
  } catch (thrown) {
    error = thrown
  }
  expect(String(error)).toMatch(message)
  expect(LevinError.isInstance(error, 'LEVIN_BAD_OPTION')).toBe(true)
})
