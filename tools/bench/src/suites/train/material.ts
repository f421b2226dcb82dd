/**
 * What all contenders of a work share: initial weights and batches, written once to a file that a process in any
 * language reads. `material.json` says what lies where in `material.bin`; numbers are little-endian, rows first.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LEARNING_RATE, type Model, type Training, WEIGHT_DECAY } from './models.js'
import { weightsOf } from './weights.js'

/** Batches that are trained on in turn. */
const BATCHES = 8

/** Where an array lies in `material.bin`. */
export interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
  /** In bytes. */
  readonly offset: number
}

export interface Manifest {
  readonly training: Training
  readonly learningRate: number
  readonly weightDecay: number
  readonly batches: number
  /** Weights by name; `inputs/<n>` and `labels/<n>` of every batch. */
  readonly entries: readonly Entry[]
}

interface HostArray {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** The same numbers in every run, in [0, 1). Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Shape and kind of what a model is fed: labels are class indices, one per sample or one per token. */
function batchShapes(model: Model, batch: number): { inputs: number[]; labels: number[]; classes: number } {
  switch (model.kind) {
    case 'mlp':
      return { inputs: [batch, model.inputs], labels: [batch], classes: model.classes }
    case 'cnn':
      return { inputs: [batch, model.image, model.image, 1], labels: [batch], classes: model.classes }
    case 'gpt':
      return { inputs: [batch, model.context], labels: [batch, model.context], classes: model.vocabulary }
    case 'lstm':
      return { inputs: [batch, model.length, model.inputs], labels: [batch], classes: model.classes }
  }
}

function arraysOf({ model, batch }: Training): HostArray[] {
  const random = generator(20_260_101)
  const weights = weightsOf(model).map(({ name, shape, bound, centre = 0 }) => ({
    name,
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => centre + (2 * random() - 1) * bound),
  }))
  const { inputs, labels, classes } = batchShapes(model, batch)
  const classIndices = (shape: readonly number[]): Int32Array =>
    Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(random() * classes))
  const batches = Array.from({ length: BATCHES }, (_, index): HostArray[] => [
    {
      name: `inputs/${index}`,
      shape: inputs,
      data:
        model.kind === 'gpt'
          ? classIndices(inputs)
          : Float32Array.from({ length: sizeOf(inputs) }, () => 2 * random() - 1),
    },
    { name: `labels/${index}`, shape: labels, data: classIndices(labels) },
  ])
  return [...weights, ...batches.flat()]
}

/** A folder with the material of a work. */
export interface MaterialFolder {
  readonly path: string
  remove(): Promise<void>
}

export async function writeMaterial(training: Training): Promise<MaterialFolder> {
  const arrays = arraysOf(training)
  let offset = 0
  const entries = arrays.map(({ name, shape, data }): Entry => {
    const entry = { name, shape, dtype: data instanceof Int32Array ? 'int32' : 'float32', offset } as const
    offset += data.byteLength
    return entry
  })
  const manifest: Manifest = {
    training,
    learningRate: LEARNING_RATE,
    weightDecay: WEIGHT_DECAY,
    batches: BATCHES,
    entries,
  }
  const path = await mkdtemp(join(tmpdir(), 'levin-bench-'))
  await writeFile(join(path, 'material.json'), JSON.stringify(manifest))
  await writeFile(
    join(path, 'material.bin'),
    Buffer.concat(arrays.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
  )
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
