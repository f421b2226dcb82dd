import { tensor2d } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { expect, test, vi } from 'vitest'
import { describe, LevinError } from '../src/index.js'

test('an error says what was expected, what was found and what to do', () => {
  const error = new LevinError('LEVIN_SHAPE', { expected: 'a matrix', found: 'a scalar', remedy: 'Reshape it.' })
  expect(error.message).toBe('Expected a matrix, found a scalar. Reshape it.')
  expect(error).toMatchObject({ code: 'LEVIN_SHAPE', expected: 'a matrix', found: 'a scalar', remedy: 'Reshape it.' })
})

test('an error keeps its kind across two copies of core', async () => {
  vi.resetModules()
  const other = (await import('../src/errors.js')).LevinError
  expect(other).not.toBe(LevinError)
  const error = new other('LEVIN_BUSY', { message: 'busy' })
  expect(error instanceof LevinError).toBe(false)
  expect(LevinError.isInstance(error)).toBe(true)
  expect(LevinError.isInstance(error, 'LEVIN_BUSY')).toBe(true)
  expect(LevinError.isInstance(error, 'LEVIN_SHAPE')).toBe(false)
  expect(LevinError.isInstance(new Error('no'))).toBe(false)
})

test('one registry serves two copies of core', async () => {
  const first = await import('../src/registry.js')
  const { definePlugin } = await import('../src/plugin.js')
  const plugin = definePlugin({
    kind: 'accelerator',
    name: 'shared-by-copies',
    apiVersion: 1,
    create: () => ({}) as never,
  })
  first.register(plugin)
  vi.resetModules()
  const second = await import('../src/registry.js')
  expect(second.pluginsOf('accelerator').map(({ name }) => name)).toContain('shared-by-copies')
  first.unregister(plugin)
})

test('values are described by type and shape, not by contents', () => {
  const value = tensor2d([[1, 2]])
  const all = [value, [1, 2], 'text', null, Promise.resolve(), { a: 1 }, () => {}, new Map()].map(describe)
  expect(all).toEqual([
    'a float32 tensor of shape [1, 2]',
    'an array of 2',
    "'text'",
    'null',
    'a Promise',
    'an object with a',
    'a function',
    'a Map',
  ])
  value.dispose()
})
