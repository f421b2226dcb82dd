import { sharesData, VariableParameter } from '@levin/core'
import {
  registerKernel,
  type Tensor,
  type TensorInfo,
  tensor1d,
  unregisterKernel,
  variable,
} from '@tensorflow/tfjs-core'
import { afterEach, expect, it } from 'vitest'
import { sgd } from '../src/index.js'
import { backend } from './backend.js'
import { aliveTensors, read } from './parameters.js'

afterEach(() => unregisterKernel('LevinSgdUpdate', backend.name))

/** A kernel that writes in place is given what it may write: data that nobody else has. */
function registerCheckingKernel(seen: object[]): void {
  registerKernel({
    kernelName: 'LevinSgdUpdate',
    backendName: backend.name,
    kernelFunc({ inputs }) {
      for (const input of Object.values(inputs) as TensorInfo[]) seen.push(input.dataId)
      return []
    },
  })
}

it('variables made of one tensor are separated from it, and from one another, before an update in place', () => {
  const seen: object[] = []
  registerCheckingKernel(seen)
  const initial = tensor1d([1, 2])
  const weights = [variable(initial), variable(initial)].map((each) => VariableParameter.of(each))
  expect(weights.map(({ value }) => sharesData(value))).toEqual([true, true])
  const optimizer = sgd(weights, { learningRate: 0.5 })
  const gradient = tensor1d([2, -2])
  const before = aliveTensors()
  optimizer.step(new Map(weights.map((parameter) => [parameter, gradient])))
  expect(aliveTensors()).toBe(before)
  expect(weights.map(({ value }) => sharesData(value))).toEqual([false, false])
  const [first, , second] = seen
  expect(new Set([first, second, initial.dataId]).size).toBe(3)
  expect([...weights.map(read), [...(initial as Tensor).dataSync()]]).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  optimizer.dispose()
  for (const parameter of weights) parameter.dispose()
})
