import { TRAININGS, type Training } from '../train/models.js'

const training = (name: string, change: Partial<Training> = {}): Training => {
  const found = TRAININGS.find((each) => each.name === name)
  if (!found) throw new Error(`no training is called '${name}'.`)
  return { ...found, ...change }
}

/** What two workers train. Batches are those of one worker. */
export const SCALED = {
  /** So much to compute that exchanging the gradients of its 0.8 million parameters matters little. */
  'ddp-2': training('gpt'),
  /** 1.9 million parameters: both workers want the machine's memory at the same time, to exchange gradients and to update. */
  'ddp-2-mlp-1024': training('mlp-1024', { batch: 256, checkStep: 3 }),
  /** A step of less than a millisecond: everything matters. */
  'ddp-2-small': training('mlp-256', { checkStep: 3 }),
} as const satisfies Record<string, Training>
