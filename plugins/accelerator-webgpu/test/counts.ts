import { expect } from 'vitest'
import type { Curve, ShortTraining } from './short-training.js'

/** 30 steps, of which every tenth is a trigger. */
export const COUNTED: ShortTraining = { kind: 'mlp', steps: 30, logEvery: 10 }

/** Values are read at triggers only, and commands handed over in batches of fifteen. */
export function expectFewCalls({ statistics }: Curve): void {
  const count = (name: string): number => statistics[`webgpu/${name}`] as number
  // The logs of three triggers, each in one transfer, and a look at the losses.
  expect(count('reads')).toBeLessThanOrEqual(6)
  expect(count('reads')).toBeGreaterThanOrEqual(3)
  expect(count('uploads')).toBeGreaterThanOrEqual(60)
  expect(count('dispatches')).toBeGreaterThan(30 * 20)
  expect(count('submissions')).toBeLessThanOrEqual(count('dispatches') / 15 + count('reads') + count('uploads'))
  // Uploads here need no submission of their own, so that the bound holds without them too.
  expect(count('submissions')).toBeLessThanOrEqual(count('dispatches') / 15 + count('reads'))
}
