import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Manifest } from '../suites/train/material.js'
import type { Training } from '../suites/train/models.js'

export interface MaterialArray<T extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: T
  readonly shape: readonly number[]
}

export interface MaterialBatch {
  /** Token ids are int32; everything else is float32. */
  readonly inputs: MaterialArray
  readonly labels: MaterialArray<Int32Array>
}

/** What a contender trains with. */
export interface Material {
  readonly training: Training
  readonly learningRate: number
  readonly weightDecay: number
  /** By name, in the order of the layers. */
  readonly weights: ReadonlyMap<string, MaterialArray<Float32Array>>
  readonly batches: readonly MaterialBatch[]
}

export function readMaterial(folder: string): Material {
  const manifest = JSON.parse(readFileSync(join(folder, 'material.json'), 'utf8')) as Manifest
  const { buffer } = new Uint8Array(readFileSync(join(folder, 'material.bin')))
  const read = ({ shape, dtype, offset }: Entry): MaterialArray => {
    const length = shape.reduce((product, size) => product * size, 1)
    const data = dtype === 'int32' ? new Int32Array(buffer, offset, length) : new Float32Array(buffer, offset, length)
    return { data, shape }
  }
  const arrays = new Map(manifest.entries.map((entry) => [entry.name, read(entry)]))
  const batches = Array.from({ length: manifest.batches }, (_, index) => ({
    inputs: arrays.get(`inputs/${index}`) as MaterialArray,
    labels: arrays.get(`labels/${index}`) as MaterialArray<Int32Array>,
  }))
  const weights = [...arrays].filter(([name]) => !name.includes('/')) as [string, MaterialArray<Float32Array>][]
  const { training, learningRate, weightDecay } = manifest
  return { training, learningRate, weightDecay, weights: new Map(weights), batches }
}
