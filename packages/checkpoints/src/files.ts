export const MANIFEST_FILE = 'manifest.json'
export const MODEL_FILE = 'model.safetensors'
export const OPTIMIZER_FILE = 'optimizer.safetensors'
export const TRAINER_FILE = 'trainer.json'

/** What the tensors of a checkpoint belong to. */
export type Kind = 'model' | 'optimizer'

export const KINDS: readonly Kind[] = ['model', 'optimizer']

const WHOLE: readonly string[] = [MODEL_FILE, OPTIMIZER_FILE, TRAINER_FILE, MANIFEST_FILE]
const PART = /^(model|optimizer)-\d{5,}-of-\d{5,}\.safetensors$/

/** The file of one part, counted from 1 as Hugging Face does: `model-00001-of-00004.safetensors`. */
export const partFile = (kind: Kind, index: number, count: number): string =>
  `${kind}-${fiveDigits(index + 1)}-of-${fiveDigits(count)}.safetensors`

const fiveDigits = (value: number): string => String(value).padStart(5, '0')

/** Whether a checkpoint's folder can hold a file of that name. */
export const isCheckpointFile = (name: string): boolean => WHOLE.includes(name) || PART.test(name)

/** Whether a file holds weights, whole or in part: where one is, a checkpoint was meant to be. */
export const isModelFile = (name: string): boolean => name === MODEL_FILE || PART.exec(name)?.[1] === 'model'
