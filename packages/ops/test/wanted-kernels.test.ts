import { describe, expect, test } from 'vitest'
import { kernelNames, opTable, wantedKernels } from '../src/index.js'

// What accelerators load only where it is wanted. A kernel that is missing here would never be loaded by them.
const OPS = ['dropout', 'embedding', 'gelu', 'hardSwish', 'layerNorm', 'rmspropUpdate', 'sgdUpdate', 'silu'] as const

describe('ops whose kernels are loaded where they are wanted', () => {
  test('say what they look for when they are loaded', () => {
    const looked = OPS.flatMap((op) => {
      const { forward, backward }: { forward: readonly string[]; backward: readonly string[] } = opTable[op]
      return [...forward, ...backward].filter((name) => name.startsWith('Levin'))[0] ?? []
    })
    expect([...wantedKernels()].sort()).toEqual(looked.sort())
  })

  test('look for kernels that there are', () => {
    expect(Object.values(kernelNames)).toEqual(expect.arrayContaining([...wantedKernels()]))
  })
})
