import { cpu } from '@levin/accelerators'
import { engineMemory } from '@levin/core'
import { requirePart } from '@levin/real-parts'
import { describe, expect, it } from 'vitest'
import { tensorflow } from '../src/index.js'
import { losses, STEPS, TRAININGS } from './models.js'

const names = Object.keys(TRAININGS) as (keyof typeof TRAININGS)[]

describe.runIf(requirePart('tensorflow-binding'))('a training', () => {
  it.each(names)('of %s has the losses of the accelerator cpu, and leaves nothing behind', async (name) => {
    const expected = await losses(name, cpu({ blas: false }))
    // The first training makes what lives as long as the process.
    await losses(name, tensorflow())
    const before = engineMemory()
    const found = await losses(name, tensorflow())
    expect(engineMemory()).toEqual(before)
    expect(found).toHaveLength(STEPS)
    expect(found[STEPS - 1]).toBeLessThan(0.9 * (found[0] as number))
    for (const [step, loss] of found.entries())
      expect(Math.abs(loss - (expected[step] as number)), `loss of step ${step}`).toBeLessThan(1e-4)
  })
})
