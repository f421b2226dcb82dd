// Runs one of the measured pages, and says when its run is over. What they compute on without an accelerator is tfjs's own backend.
import '@tensorflow/tfjs-backend-cpu'

const ENTRIES: Readonly<Record<string, () => Promise<{ readonly result: Promise<unknown> }>>> = {
  training: () => import('../../src/entries/training.js'),
  'training-webgpu': () => import('../../src/entries/training-webgpu.js'),
  'training-webgpu-images': () => import('../../src/entries/training-webgpu-images.js'),
  controlling: () => import('../../src/entries/controlling.js'),
}

/** The status of the run, or what it failed with. */
const run = async (name: string): Promise<string> => {
  const entry = await ENTRIES[name]?.()
  return entry?.result.then(
    (result) => (result as { status: string }).status,
    (error: unknown) => String(error),
  ) as Promise<string>
}

const lateFiles = async () => (await import('./saving.js')).lateFiles()

Object.assign(globalThis, { page: { run, lateFiles } })
