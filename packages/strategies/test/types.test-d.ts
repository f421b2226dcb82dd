import type { Choice } from '@levin/core'
import { expectTypeOf, test } from 'vitest'
import '../src/register.js'

test('the registered name is known to the compiler, with no options', () => {
  expectTypeOf<'single'>().toExtend<Choice<'strategy'>>()
  expectTypeOf<'double'>().not.toExtend<Choice<'strategy'>>()
})
