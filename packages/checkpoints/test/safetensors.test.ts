import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../src/index.js'
import { concatenate } from '../src/memory-storage.js'
import { openSafetensors } from '../src/safetensors/read.js'
import { safetensors } from '../src/safetensors/write.js'
import { writeFile } from '../src/write-file.js'
import { randomNumbers, record, refusal } from './support.js'

const FILE = 'model.safetensors'

async function written(...input: Parameters<typeof safetensors>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of safetensors(...input)) chunks.push(chunk.slice())
  return concatenate(chunks)
}

async function opened(bytes: Uint8Array) {
  const storage = memoryStorage()
  await writeFile(storage, FILE, [bytes])
  return openSafetensors(storage, FILE)
}

/** A file with a header of the test's own. */
function file(header: unknown, data: number, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + data)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: offsets })

describe('what is written', () => {
  const records = [
    record('mask', Uint8Array.of(1, 0, 1), [3]),
    record('scalar', Float32Array.of(2.5), []),
    record('ids', Int32Array.of(-1, 2 ** 31 - 1), [2, 1]),
    record('empty', new Float32Array(0), [0, 4]),
    record('weight', Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, -0), [2, 2]),
  ]

  it('is read again to the last bit, with its metadata', async () => {
    const { records: read, metadata } = await opened(await written(records, { note: 'größer ✓' }))
    expect(metadata).toEqual({ note: 'größer ✓' })
    expect([...read.keys()].sort()).toEqual(['empty', 'ids', 'mask', 'scalar', 'weight'])
    for (const { name, dtype, shape, data } of records) {
      expect(read.get(name)).toMatchObject({ name, dtype, shape })
      expect(await read.get(name)?.data()).toEqual(await data())
    }
  })

  it('is aligned: every tensor begins at a multiple of its element', async () => {
    const bytes = await written(records)
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(header % 8).toBe(0)
    const entries = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + header))) as Record<
      string,
      ReturnType<typeof entry>
    >
    for (const { dtype, data_offsets } of Object.values(entries)) {
      expect((data_offsets as number[])[0]! % (dtype === 'BOOL' ? 1 : 4)).toBe(0)
    }
  })

  it('comes in pieces, so that a large tensor is not held twice', async () => {
    const large = record('large', new Float32Array(3 << 20).fill(7))
    const sizes: number[] = []
    for await (const chunk of safetensors([large])) sizes.push(chunk.length)
    expect(sizes.slice(1)).toEqual([4 << 20, 4 << 20, 4 << 20])
  })

  it('takes names that objects treat in a special way', async () => {
    const names = ['__proto__', 'constructor', '10', '2', 'a"b\\c', '\u0000', '']
    const { records: read } = await opened(
      await written(names.map((name, index) => record(name, Int32Array.of(index)))),
    )
    for (const [index, name] of names.entries()) expect(await read.get(name)?.data()).toEqual(Int32Array.of(index))
  })
})

describe('a part of a tensor', () => {
  const slice = { globalShape: [4, 2], start: [2, 0], shape: [2, 2] }
  const part = { ...record('w', Float32Array.of(1, 2, 3, 4), [2, 2]), slice }

  it('keeps its place in the whole, beside whole ones that have none', async () => {
    const { records: read } = await opened(await written([part, record('b', Float32Array.of(1))]))
    expect(read.get('w')).toMatchObject({ shape: [2, 2], slice })
    expect(read.get('b')).not.toHaveProperty('slice')
  })

  it.each([
    ['no JSON', '{', /'levin.slices' is not JSON/],
    ['no object', '3', /'levin.slices' is no object/],
    ['no layout', '{"w":null}', /'w' of shape \[2, 2\] does not lie/],
    ['a place outside', '{"w":{"globalShape":[4,2],"start":[3,0]}}', /'w'/],
    ['another rank', '{"w":{"globalShape":[8],"start":[0]}}', /'w'/],
    ['broken numbers', '{"w":{"globalShape":[4,2],"start":[0.5,0]}}', /'w'/],
  ])('is refused where its place is %s', async (_name, places, message) => {
    const { slice: _, ...whole } = part
    const error = await refusal(opened(await written([whole], { 'levin.slices': places })))
    expect(error.code).toBe('LEVIN_CHECKPOINT_CORRUPT')
    expect(error.message).toMatch(message)
  })
})

describe('what cannot be written', () => {
  it.each([
    ['two tensors of one name', [record('a', Float32Array.of(1)), record('a', Float32Array.of(2))], /'a' twice/],
    ['the name of the metadata', [record('__metadata__', Float32Array.of(1))], /'__metadata__' as a name/],
    [
      'values that do not fill the shape',
      [record('a', Float32Array.of(1), [2])],
      /'a'.*Float32Array of 2 for shape \[2\]/,
    ],
    [
      'an array of another type',
      [{ ...record('a', Float32Array.of(1)), dtype: 'int32' as const }],
      /'a'.*Int32Array of 1/,
    ],
    ['a dtype of strings', [{ ...record('a', Float32Array.of(1)), dtype: 'string' as never }], /'a' of 'string'/],
  ])('%s', async (_name, records, message) => {
    expect((await refusal(written(records))).message).toMatch(message)
  })
})

describe('a damaged or hostile file is refused with its name', () => {
  const good = { a: entry([2], [0, 8]), b: entry([1], [8, 12]) }

  it('has a neighbour that is read, so that the cases below fail for what they say', async () => {
    expect([...(await opened(file(good, 12))).records.keys()]).toEqual(['a', 'b'])
    expect([...(await opened(file('{}   ', 0))).records.keys()]).toEqual([])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /0 bytes/],
    ['less than a length', new Uint8Array(7), /7 bytes/],
    ['a header longer than the file', file(good, 0, 1000n), /claims 1000 bytes, but only/],
    ['a header longer than allowed', file(good, 12, 200_000_000n), /more than the 100000000 allowed/],
    ['a header of 2⁶⁴ − 1 bytes', file(good, 12, 2n ** 64n - 1n), /more than/],
    ['no JSON', file('{"a":', 0), /not JSON/],
    ['no UTF-8', file(good, 12).fill(0xff, 10, 12), /not JSON in UTF-8/],
    ['a byte-order mark', file(`\ufeff${JSON.stringify(good)}`, 12), /does not begin/],
    ['an array', file('[]', 0), /does not begin/],
    ['deep nesting', file(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 0), /'a' is no object|not JSON/],
    [
      'a name twice',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
      /'a' twice/,
    ],
    [
      'a name twice by an escape',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
      /'a' twice/,
    ],
    ['a field twice', file('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4), /'shape' twice/],
    ['an unknown field', file({ a: { ...entry([1], [0, 4]), stride: 1 } }, 4), /'a'.*unknown field 'stride'/],
    ['a word for a dtype', file({ a: entry([1], [0, 4], 'F33') }, 4), /'a' of dtype "F33", which is none/],
    ['no dtype', file({ a: entry([1], [0, 4], 7) }, 4), /'a' of dtype 7/],
    ['a negative size', file({ a: entry([-1], [0, 4]) }, 4), /shape of 'a'/],
    ['a broken size', file({ a: entry([0.5], [0, 2]) }, 4), /shape of 'a'/],
    ['a size that overflows', file({ a: entry([2 ** 53 - 1, 2 ** 53 - 1], [0, 4]) }, 4), /'a' of shape/],
    ['a shape that is no list', file({ a: entry({}, [0, 4]) }, 4), /shape of 'a'/],
    ['offsets before the data', file({ a: entry([1], [-4, 0]) }, 4), /offsets of 'a'/],
    ['offsets backwards', file({ a: entry([1], [4, 0]) }, 4), /'a' of shape \[1\]/],
    ['three offsets', file({ a: entry([1], [0, 4, 8]) }, 8), /offsets of 'a'/],
    [
      'offsets that do not fit the shape',
      file({ a: entry([3], [0, 8]) }, 8),
      /'a' of shape \[3\] takes 12 bytes.*span 8/,
    ],
    ['an overlap', file({ a: entry([2], [0, 8]), b: entry([2], [4, 12]) }, 12), /'b' overlaps/],
    ['two tensors in one place', file({ a: entry([2], [0, 8]), b: entry([2], [0, 8]) }, 8), /'b' overlaps/],
    ['a hole', file({ a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12), /'b' leaves 4 bytes/],
    ['a tensor beyond the end', file(good, 8), /take 12 bytes, but 8 follow/],
    ['bytes that nobody owns', file(good, 16), /take 12 bytes, but 16 follow/],
    ['metadata of numbers', file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('%s', async (_name, bytes, message) => {
    const error = await refusal(opened(bytes))
    expect(error.code).toBe('LEVIN_CHECKPOINT_CORRUPT')
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`'${FILE}'`)
  })

  it.each(['F64', 'BF16', 'I64', 'F8_E4M3'])('tells %s, which others write, from damage', async (dtype) => {
    const error = await refusal(opened(file({ a: entry([1], [0, 8], dtype) }, 8)))
    expect(error.code).toBe('LEVIN_CHECKPOINT_VERSION')
    expect(error.message).toContain(`'a' of dtype "${dtype}"`)
  })

  it('cut anywhere: an error of levin, never a tensor', async () => {
    const bytes = await written(
      [record('net.weight', new Float32Array(40).fill(1)), record('ids', Int32Array.of(1, 2))],
      { a: 'b' },
    )
    for (let length = 0; length < bytes.length; length++) {
      expect((await refusal(opened(bytes.subarray(0, length)))).code).toBe('LEVIN_CHECKPOINT_CORRUPT')
    }
  })

  it('with bytes changed anywhere: an error of levin, or tensors within the file', async () => {
    const bytes = await written(
      [record('net.weight', new Float32Array(40).fill(1)), record('ids', Int32Array.of(1, 2))],
      { a: 'b' },
    )
    const random = randomNumbers(1)
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const changed = bytes.slice()
      const changes = 1 + Math.floor(random() * 3)
      for (let change = 0; change < changes; change++) {
        // Most of the file's meaning is in its header.
        const at = Math.floor(random() * (random() < 0.9 ? 200 : bytes.length))
        changed[at] = Math.floor(random() * 256)
      }
      try {
        const { records } = await opened(changed)
        for (const { data } of records.values()) expect((await data()).byteLength).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        refused++
        expect(error).toMatchObject({ code: expect.stringMatching(/^LEVIN_CHECKPOINT_(CORRUPT|VERSION)$/) })
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })

  it('U8, which others write, becomes int32', async () => {
    const bytes = file({ a: entry([3], [0, 3], 'U8') }, 3)
    bytes.set([1, 128, 255], bytes.length - 3)
    const { records } = await opened(bytes)
    expect(records.get('a')?.dtype).toBe('int32')
    expect(await records.get('a')?.data()).toEqual(Int32Array.of(1, 128, 255))
  })
})
