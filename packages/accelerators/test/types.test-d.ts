import { type Accelerator, type Choice, resolve } from '@levin/core'
import { expectTypeOf, test } from 'vitest'
import type { CpuOptions } from '../src/index.js'
import '../src/register.js'

test('registered names and their options are known to the compiler', () => {
  expectTypeOf<'cpu'>().toExtend<Choice<'accelerator'>>()
  expectTypeOf<readonly ['cpu', CpuOptions]>().toExtend<Choice<'accelerator'>>()
  expectTypeOf<'tfjs-cpu'>().toExtend<Choice<'accelerator'>>()
  expectTypeOf(resolve('accelerator', ['cpu', { wasmPaths: '/' }])).toEqualTypeOf<Accelerator | undefined>()
})

test('a name that nobody registered and an option of the wrong type are not', () => {
  expectTypeOf<'cup'>().not.toExtend<Choice<'accelerator'>>()
  expectTypeOf<readonly ['cpu', { wasmPaths: number }]>().not.toExtend<Choice<'accelerator'>>()
})
