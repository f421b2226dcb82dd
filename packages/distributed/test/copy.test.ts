import { describe, expect, test } from 'vitest'
import { copyFor } from '../src/shared/copy.js'

const node = { node: '20.20.2' }
const ways = { Node: copyFor(Buffer, node), 'other engines': copyFor(undefined, {}) }

describe.each(Object.entries(ways))('copying in %s', (_, copy) => {
  test.each([0, 1, 1023, 1024, 10_003])('%i bytes, from shared memory and into it', (length) => {
    const shared = new Uint8Array(new SharedArrayBuffer(length + 20))
    const source = Uint8Array.from({ length }, (_, i) => i * 31)
    copy(shared, source, 7)
    expect(shared.slice(7, 7 + length)).toEqual(source)
    expect([shared[6], shared[7 + length]]).toEqual([0, 0])
    const target = new Uint8Array(length + 5)
    copy(target, shared.subarray(7, 7 + length), 3)
    expect(target.slice(3, 3 + length)).toEqual(source)
    expect([target[2], target[3 + length]]).toEqual([0, 0])
  })
})

test('who only looks like Node is not asked for its buffers', () => {
  const asked = { prototype: { fill: () => expect.fail('fill was called') } }
  for (const versions of [{ ...node, bun: '1.2' }, { ...node, deno: '2.1' }, {}]) {
    const target = new Uint8Array(4096)
    copyFor(asked, versions)(target, new Uint8Array(4096).fill(5), 0)
    expect(target[4095]).toBe(5)
  }
})
