import '@tensorflow/tfjs-backend-cpu'
import { readFileSync } from 'node:fs'
import { CurrentBackend } from '@levin/core'
import { backend, getKernel, keep, ready, type TensorInfo, tensor1d } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { opCases, opSweep } from '../src/ops.js'

beforeAll(() => ready())

const create = () => new CurrentBackend()

const caseOf = (name: string) => opCases({ create }).find((one) => one.name === name) ?? expect.fail(`no case ${name}`)

let restore = (): void => {}
afterEach(() => restore())

/** Does `change` to what a kernel of the cpu backend gives. */
function spoil(name: string, change: (output: TensorInfo) => TensorInfo): void {
  const kernel = getKernel(name, 'cpu')
  const { kernelFunc } = kernel
  kernel.kernelFunc = (call) => change(kernelFunc(call) as TensorInfo)
  restore = () => {
    kernel.kernelFunc = kernelFunc
  }
}

/** The cpu backend gives its own array. */
const numbersOf = ({ dataId }: TensorInfo): Float32Array => backend().readSync(dataId) as Float32Array

function copyOf(output: TensorInfo, { shape, dtype }: Partial<TensorInfo>): TensorInfo {
  const described = { shape: shape ?? output.shape, dtype: dtype ?? output.dtype }
  return { ...described, dataId: backend().write(numbersOf(output).slice(), described.shape, described.dtype) }
}

test('a number that is not in the sample is found to be wrong', async () => {
  const { run } = caseOf('tfjs abs: of (17,): values')
  await run()
  spoil('Abs', (output) => {
    const numbers = numbersOf(output)
    numbers[1] = (numbers[1] as number) + 1e-3
    return output
  })
  await expect(run()).rejects.toThrow(/output 0: the sum of its 17 numbers by cos\(1 \+ i\) is .*, expected/)
})

test('a number that is recorded is named', async () => {
  spoil('Abs', (output) => {
    numbersOf(output).fill(Number.NaN)
    return output
  })
  await expect(caseOf('tfjs abs: of (1,): values').run()).rejects.toThrow(
    /output 0, number 0 of 1: expected .*, found NaN/,
  )
})

test('a gradient that is wrong is found, though the values are right', async () => {
  spoil('Step', (output) => {
    numbersOf(output).fill(0)
    return output
  })
  await caseOf('tfjs abs: of (1,): values').run()
  await expect(caseOf('tfjs abs: of (1,): gradients').run()).rejects.toThrow('gradient of x, number 0 of 1')
})

test('a shape, a dtype and a tensor left behind are found', async () => {
  spoil('Abs', (output) => copyOf(output, { shape: [1, ...output.shape] }))
  await expect(caseOf('tfjs abs: of (3, 7): values').run()).rejects.toThrow('shape of output 0')
  restore()
  spoil('Abs', (output) => copyOf(output, { dtype: 'int32' }))
  await expect(caseOf('tfjs abs: of (1,): values').run()).rejects.toThrow('dtype of output 0')
  restore()
  spoil('Abs', (output) => {
    keep(tensor1d([1]))
    return output
  })
  await expect(caseOf('tfjs abs: of (1,): values').run()).rejects.toThrow('the op left 1 tensors behind')
})

test('the names of cases are their own, and there are values for each gradient', () => {
  const names = opSweep().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const gradients = names.filter((name) => name.endsWith(': gradients'))
  expect(gradients.length).toBeGreaterThan(500)
  for (const name of gradients) expect(names).toContain(name.replace(/gradients$/, 'values'))
})

test('what is shipped is below 300 kB', () => {
  const file = new URL('../src/op-sweep/recorded/cases.js', import.meta.url)
  expect(readFileSync(file).length).toBeLessThan(300_000)
})
