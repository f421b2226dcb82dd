import { afterAll, describe, expect, test } from 'vitest'
import type { Materialised } from './programs/materialise.js'
import type { World } from './programs/protocol.js'
import { Ranks } from './support/ranks.js'

const ranks = new Ranks(3)
afterAll(() => ranks.end())

const on = (module: string, world: World) => ranks.run<Materialised>('materialise', { module }, world)

describe.each<World>([{ size: 3 }, { size: 2, backend: 'cpu' }, { size: 2, form: 'asynchronous' }])(
  'the values of a module on $size ranks, $form $backend',
  (world) => {
    test('are functions of the seed', async () => {
      const [first, ...others] = await on('drawn from the seed', world)
      expect(first?.values.flat().filter((value) => value !== 0)).toHaveLength(6)
      for (const { values } of others) expect(values).toEqual(first?.values)
    })

    test('are those of rank 0 where there were some before', async () => {
      for (const { values } of await on('given before', world)) {
        expect(values[0]).toEqual([1, 1])
        expect(values[1]).toHaveLength(3)
        expect(values[2]).toEqual([10, 10])
      }
    })

    test.each([
      ['drawn anew on each rank', /'second' has other values/],
      ['negated on one rank', /'second' has other values/],
      ['of another shape on one rank', /rank 0 has second \[3\] where rank 1 has second \[4\]/],
      ['of more parameters on one rank', /rank 0 has nothing where rank 1 has plain \[2\], given/],
      ['given on one rank alone', /rank 0 has first \[2\] where rank 1 has first \[2\], given/],
    ])('are refused on all ranks if they are %s', async (module, message) => {
      for (const { error } of await on(module, world)) {
        expect(error?.code).toBe('LEVIN_INVALID_MODULE')
        expect(error?.message).toMatch(message)
      }
    })
  },
)
