import type { Choice } from '@levin/core'
import { expectTypeOf, test } from 'vitest'
import '../src/register.js'

test('registered names and their options are known to the compiler', () => {
  expectTypeOf<'disk' | 'opfs' | 'indexeddb'>().toExtend<Choice<'checkpointIO'>>()
  expectTypeOf<readonly ['indexeddb', { database: string }]>().toExtend<Choice<'checkpointIO'>>()
  expectTypeOf<'s3'>().not.toExtend<Choice<'checkpointIO'>>()
})
