import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NumericData } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../src/index.js'
import { readWeights } from '../src/node.js'
import { safetensors } from '../src/safetensors/write.js'
import { writeFile } from '../src/write-file.js'
import { record } from './support.js'

// Recorded by tools/parity/safetensors_fixture.py.
const file = fileURLToPath(new URL('parity/python.safetensors', import.meta.url))
const facts = JSON.parse(readFileSync(new URL('parity/python.json', import.meta.url), 'utf8')) as {
  readonly metadata: Record<string, string>
  readonly tensors: Record<string, { dtype: string; shape: number[]; values: (number | boolean)[] }>
  readonly writableSha256: string
}
const HELD: Readonly<Record<string, string>> = { float32: 'float32', int32: 'int32', uint8: 'int32', bool: 'bool' }

function dataOf({ dtype, values }: { dtype: string; values: (number | boolean)[] }): NumericData {
  const numbers = values.map(Number)
  return dtype === 'float32'
    ? new Float32Array(numbers)
    : dtype === 'bool'
      ? new Uint8Array(numbers)
      : new Int32Array(numbers)
}

describe("Python's safetensors", () => {
  it('writes files that are read here, every value', async () => {
    const weights = await readWeights(file)
    expect([...weights.keys()].sort()).toEqual(Object.keys(facts.tensors).sort())
    for (const [name, tensor] of Object.entries(facts.tensors)) {
      expect(weights.get(name)).toMatchObject({ dtype: HELD[tensor.dtype], shape: tensor.shape })
      expect(await weights.get(name)?.data()).toEqual(dataOf(tensor))
    }
  })

  it('writes the same bytes for the same tensors as are written here, whatever their order', async () => {
    const records = Object.entries(facts.tensors)
      .filter(([, { dtype }]) => dtype !== 'uint8')
      .map(([name, tensor]) => record(name, dataOf(tensor), tensor.shape))
    for (const order of [records, records.toReversed()]) {
      const written = await writeFile(memoryStorage(), 'a', safetensors(order, facts.metadata))
      expect(written.sha256).toBe(facts.writableSha256)
    }
  })
})
