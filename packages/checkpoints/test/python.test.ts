import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NumericData, TensorRecord } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { checkpointIO, memoryStorage } from '../src/index.js'
import { readWeights } from '../src/node.js'
import { openSafetensors } from '../src/safetensors/read.js'
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

const parts = JSON.parse(readFileSync(new URL('parity/python-parts.json', import.meta.url), 'utf8')) as {
  readonly files: Record<string, { sha256: string; tensors: Record<string, { shape: number[]; values: number[] }> }>
}

/** The files of two ranks: blocks, two of one tensor among them, stretches, an empty one, and a whole tensor. */
async function partFiles(): Promise<Record<string, { sha256: string; records: ReadonlyMap<string, TensorRecord> }>> {
  const storage = memoryStorage()
  const block = (values: number[], start: number[], shape: number[]): TensorRecord => ({
    ...record('blocks', Float32Array.from(values), shape),
    slice: { globalShape: [3, 2], start, shape },
  })
  const stretch = (values: number[], start: number): TensorRecord => ({
    ...record('größe/€', Int32Array.from(values)),
    slice: { globalShape: [6], start: [start], shape: [values.length] },
    wholeShape: [2, 3],
  })
  const models = [
    [block([1, 3], [0, 0], [2, 1]), block([6], [2, 1], [1, 1]), stretch([-1, -2, -3, -4, -5, -6], 0)],
    [block([2, 4], [0, 1], [2, 1]), block([5], [2, 0], [1, 1]), stretch([], 6), record('mask', Uint8Array.of(1, 0))],
  ]
  await storage.makeFolder('a.saving-python-1')
  const found: Record<string, { sha256: string; records: ReadonlyMap<string, TensorRecord> }> = {}
  for (const [index, model] of models.entries()) {
    const receipt = await checkpointIO(storage).shared?.write('a', { save: 'python-1', index, count: 2, model })
    for (const [file, { sha256 }] of Object.entries(receipt?.['files'] as Record<string, { sha256: string }>)) {
      const { records } = await openSafetensors(storage, `a.saving-python-1/${file}`)
      found[file] = { sha256, records }
      // The script that records what Python reads looks here.
      const keep = process.env['LEVIN_KEEP_PARTS']
      if (keep) writeFileSync(`${keep}/${file}`, await storage.read(`a.saving-python-1/${file}`, 0, 100_000))
    }
  }
  return found
}

describe("Python's safetensors", () => {
  it('opens each file of a checkpoint that several ranks wrote: the same files, entries, shapes and values', async () => {
    const files = await partFiles()
    expect(Object.keys(files)).toEqual(Object.keys(parts.files))
    for (const [name, { sha256, tensors }] of Object.entries(parts.files)) {
      const { sha256: written, records } = files[name] as NonNullable<(typeof files)[string]>
      expect(written, name).toBe(sha256)
      expect([...records.keys()].sort()).toEqual(Object.keys(tensors).sort())
      for (const [key, { shape, values }] of Object.entries(tensors)) {
        expect(records.get(key)).toMatchObject({ shape })
        expect(Array.from((await records.get(key)?.data()) ?? [])).toEqual(values.map(Number))
      }
    }
  })

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
