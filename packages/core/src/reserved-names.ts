import type { Kind } from './plugin-kinds.js'

// Names that users of other frameworks type by habit. What they mean here is said instead of "unknown".
const ACCELERATORS: Readonly<Record<string, string>> = {
  gpu: "'gpu' names no single technology in JavaScript: a GPU is reached by a plugin for WebGPU or for CUDA.",
  mps: "There is no 'mps' in JavaScript: GPUs of Apple machines are reached by a plugin for WebGPU.",
  tpu: "No plugin for 'tpu' is known to this program.",
  ipu: "No plugin for 'ipu' is known to this program.",
  hpu: "No plugin for 'hpu' is known to this program.",
}

/** What to say to somebody who asks for a name that is reserved; `undefined` if it is not. */
export const reservedName = (kind: Kind, name: string): string | undefined =>
  kind === 'accelerator' && Object.hasOwn(ACCELERATORS, name) ? ACCELERATORS[name] : undefined

/** The reserved names of a kind, for lists of what there is. */
export const reservedNames = (kind: Kind): readonly string[] =>
  kind === 'accelerator' ? Object.keys(ACCELERATORS) : []
