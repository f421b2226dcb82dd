import '@tensorflow/tfjs-backend-cpu'
import type { Optimizer, Parameter } from '@levin/core'
import { optimizerCases } from '@levin/testing'
import { ready } from '@tensorflow/tfjs-core'
import { beforeAll, describe, test } from 'vitest'
import { adam, adamW, rmsprop, sgd } from '../src/index.js'

type Create = (parameters: readonly Parameter[], options: { learningRate: number }) => Optimizer

const OPTIMIZERS: Readonly<Record<string, Create>> = {
  sgd: (parameters, options) => sgd(parameters, options),
  'sgd with Nesterov momentum': (parameters, options) => sgd(parameters, { ...options, momentum: 0.9, nesterov: true }),
  adam: (parameters, options) => adam(parameters, options),
  adamW: (parameters, options) => adamW(parameters, options),
  rmsprop: (parameters, options) => rmsprop(parameters, options),
  'rmsprop, centred, with momentum': (parameters, options) =>
    rmsprop(parameters, { ...options, centered: true, momentum: 0.9 }),
}

beforeAll(() => ready())

describe.each(Object.entries(OPTIMIZERS))('%s', (_name, create) => {
  for (const { name, run } of optimizerCases({ create })) test(name, run)
})
