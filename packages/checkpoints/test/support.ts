import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckpointContent, LevinError, type NumericData, type NumericType, type TensorRecord } from '@levin/core'
import { afterAll } from 'vitest'

export function record(name: string, data: NumericData, shape: readonly number[] = [data.length]): TensorRecord {
  const dtype: NumericType = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
  return { name, dtype, shape, data: () => data }
}

/** A checkpoint whose every value tells the save that it belongs to. */
export function contentOf(step: number, { elements = 64, weightsOnly = false } = {}): CheckpointContent {
  return {
    model: [
      record('net.0.weight', new Float32Array(elements).fill(step), [elements / 4, 4]),
      record('net.0.bias', Float32Array.of(step, -step)),
    ],
    ...(weightsOnly ? {} : { optimizer: [record('net.0.bias/mean', Float32Array.of(step / 2, 0))] }),
    trainer: { clock: { globalStep: step }, best: Number.POSITIVE_INFINITY },
    manifest: {
      globalStep: step,
      epoch: 1,
      weightsOnly,
      module: 'Classifier',
      hparams: { learningRate: 1e-3 },
      mesh: {},
      kernelFingerprint: 'levin-kernels/0',
      runtime: 'v20',
    },
  }
}

/** The error that something rejects with. */
export async function refusal(action: Promise<unknown>): Promise<LevinError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (LevinError.isInstance(error)) return error
  throw new Error(`Expected a LevinError, found ${String(error)}.`)
}

/** Makes folders that are gone after the tests of the file. */
export function temporaryFolders(): () => Promise<string> {
  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'levin-checkpoints-'))
    folders.push(folder)
    return folder
  }
}

/** Numbers in [0, 1) that are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
