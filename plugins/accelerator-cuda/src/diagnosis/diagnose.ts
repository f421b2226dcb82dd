import type { PackageName } from '../runtime/backend.js'
import { type Diagnosis, SYMPTOMS } from './symptoms.js'

/** The first symptom that shows in what was said while the library was loaded; `undefined` where none is known. */
function recognise(said: string, packageName: PackageName): Diagnosis | undefined {
  for (const { pattern, reason, remedy } of SYMPTOMS) {
    const match = pattern.exec(said)
    if (!match) continue
    const found = match.slice(1)
    return { reason: reason(found, packageName), remedy: remedy(packageName, found) }
  }
  return undefined
}

/** What is wrong where loading failed. A failure that nobody knows is told in its own words. */
export function diagnoseFailure(said: string, packageName: PackageName): Diagnosis {
  return (
    recognise(said, packageName) ?? {
      reason: `${packageName} does not load: ${firstError(said)}.`,
      remedy: `Run: node -e "require('${packageName}')", and see what it says.`,
    }
  )
}

/** What is wrong where the library was loaded and found no GPU. */
export function diagnoseMissingGpu(said: string, packageName: PackageName): Diagnosis {
  return (
    recognise(said, packageName) ?? {
      reason: 'TensorFlow has found no GPU, and does not say why.',
      remedy: `See what it finds: CUDA_VISIBLE_DEVICES must name a GPU of nvidia-smi -L, and the library must be one for GPUs (${packageName} under TFJS_NODE_BASE_URI or custom-binary.json may be another).`,
    }
  )
}

/** The line that says what went wrong: the last that names an error, else the last. */
function firstError(said: string): string {
  const lines = said.split('\n').map((line) => line.trim())
  const line = lines.find((each) => /^\w*Error\b/.test(each)) ?? lines.filter((each) => each !== '').at(-1)
  return (line ?? 'it says nothing').replace(/\.$/, '')
}
