import { assertAllClose } from '@levin/testing'
import { expect } from 'vitest'
import type { ZeroOptions } from '../../src/zero.js'
import { trainZero, type ZeroTrained, type ZeroTraining } from '../programs/zero-training.js'
import type { Ranks } from './ranks.js'

const references = new Map<string, Promise<ZeroTrained>>()

/** The same training on one device, once. */
function reference(training: ZeroTraining): Promise<ZeroTrained> {
  const key = JSON.stringify(training)
  const known = references.get(key) ?? trainZero(training, { size: 1 })
  references.set(key, known)
  return known
}

/** The loss of each batch, over all ranks. */
export const lossesOf = (all: readonly ZeroTrained[]): number[] =>
  (all[0]?.losses ?? []).map((_, batch) => {
    const parts = all.map(({ losses }) => losses[batch] as ZeroTrained['losses'][0]).filter(({ weight }) => weight > 0)
    const weight = parts.reduce((total, part) => total + part.weight, 0)
    return weight === 0 ? 0 : parts.reduce((total, part) => total + part.loss * part.weight, 0) / weight
  })

/** The biases of keys change no attention: their gradients are rounding errors, which Adam makes steps of its full size of. */
const isFree = (path: string): boolean => path.endsWith('attention.key.bias')

/** Trains on ranks and on one device, and compares losses, parameters and what validation says. */
export async function compareWithOneDevice(
  ranks: Ranks,
  training: ZeroTraining,
  options: ZeroOptions,
  size: number,
  rtol = 1e-5,
): Promise<void> {
  const trained = await ranks.run<ZeroTrained>('zeroTrain', { ...training, options }, { size })
  const single = await reference(training)
  assertAllClose(lossesOf(trained), lossesOf([single]), { rtol, atol: rtol / 100 }, 'losses')
  const final = new Map(trained[0]?.parameters)
  expect([...final.keys()]).toEqual(single.parameters.map(([path]) => path))
  for (const [path, values] of single.parameters)
    if (!isFree(path)) assertAllClose(final.get(path) ?? [], values, { rtol: 10 * rtol, atol: 10 * rtol }, path)
  for (const { validation, tensorsLeft } of trained) {
    assertAllClose(validation ?? Number.NaN, single.validation ?? Number.NaN, { rtol, atol: rtol }, 'val/loss')
    expect(tensorsLeft).toBe(0)
  }
  // Where ranks hold whole parameters they are the same bit for bit, after every step.
  if (options.stage !== 3) for (const { digests } of trained) expect(digests).toEqual(trained[0]?.digests)
}
