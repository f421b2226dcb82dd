import { assignPaths } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { cutChain } from '../src/pipeline/divide-chain.js'
import { chainOf } from '../src/pipeline/stages.js'
import { MESH_MODELS } from './programs/mesh-models.js'

function cut(name: keyof typeof MESH_MODELS, stages: number, layersPerStage?: readonly number[]) {
  const module = MESH_MODELS[name]()
  assignPaths(module)
  return cutChain(module, chainOf(module), stages, layersPerStage)
}

describe('a chain is cut', () => {
  test('so that parameters are as even as layers allow', () => {
    // Of 12 · 32 + 32, 32 · 24 + 24, 24 · 17 + 17 and 17 · 5 + 5, with layers without parameters in between.
    expect(cut('mlp', 2)).toEqual([0, 3, 8])
    expect(cut('equal', 4)).toEqual([0, 5, 9, 13, 17])
  })

  test('as it is told', () => {
    expect(cut('gpt', 2, [5, 4])).toEqual([0, 5, 9])
  })

  test.each([
    [[5, 5], /come to its 9 layers, found \[5, 5\], which come to 10/],
    [[3, 3, 3], /Expected 2 numbers/],
  ])('but not as %j', (layersPerStage, message) => {
    expect(() => cut('gpt', 2, layersPerStage)).toThrow(message)
  })
})
