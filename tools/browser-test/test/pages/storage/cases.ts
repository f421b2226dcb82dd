import { checkpointIO, type Storage } from '@levin/checkpoints'
import { indexedDbStorage } from '@levin/checkpoints/indexeddb'
import { opfsStorage } from '@levin/checkpoints/opfs'
import { LevinError } from '@levin/core'
import { checkpointIOCases } from '@levin/testing'

const STORAGES = { opfs: () => opfsStorage(), indexeddb: () => indexedDbStorage('cases') } as const

export type StorageName = keyof typeof STORAGES

let folders = 0
const anyFolder = () => `cases/${folders++}`

/** What the Trainer relies on. @returns names of the cases, with the error of those that failed */
async function conformance(name: StorageName): Promise<[name: string, error: string | undefined][]> {
  const harness = { create: () => checkpointIO(STORAGES[name]()), folder: anyFolder }
  const outcomes: [string, string | undefined][] = []
  for (const { name, run } of checkpointIOCases(harness)) {
    const error = await run().then(
      () => undefined,
      (error: unknown) => String(error),
    )
    outcomes.push([name, error])
  }
  return outcomes
}

const FILES = ['model.safetensors', 'trainer.json', 'manifest.json'] as const

/** Cuts files of a checkpoint short, one after the other. @returns the errors of loading it, by file and length */
async function cutShort(name: StorageName): Promise<Record<string, string>> {
  const storage: Storage = STORAGES[name]()
  const io = checkpointIO(storage)
  const location = `${anyFolder()}/a`
  const errors: Record<string, string> = {}
  for (const file of FILES) {
    await io.save(location, content)
    const path = `${location}/${file}`
    const size = (await storage.size(path)) as number
    // Two bytes: the last one of JSON is the end of its line.
    for (const length of [0, size >> 1, size - 2]) {
      await storage.replace(path, [await storage.read(path, 0, length)])
      errors[`${file} ${length}`] = await io.load(location).then(() => 'loads', code)
      await io.save(location, content)
    }
  }
  return errors
}

const code = (error: unknown): string =>
  LevinError.isInstance(error) ? `${error.code} ${FILES.filter((file) => error.message.includes(file))}` : String(error)

const content = {
  model: [
    { name: 'weight', dtype: 'float32', shape: [3], data: () => Float32Array.of(1, 2, 3) },
    { name: 'ids', dtype: 'int32', shape: [2], data: () => Int32Array.of(4, 5) },
  ],
  trainer: { clock: { globalStep: 1 } },
  manifest: {
    globalStep: 1,
    epoch: 0,
    weightsOnly: false,
    module: 'Test',
    hparams: {},
    mesh: {},
    kernelFingerprint: 'test',
    runtime: 'test',
  },
} as const

export const cases = { conformance, cutShort }
