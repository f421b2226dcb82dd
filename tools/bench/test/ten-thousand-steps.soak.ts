import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { soak } from '../../build/soak.js'
import { writeMaterial } from '../src/suites/train/material.js'
import { QUICK_TRAININGS } from '../src/suites/train/models.js'
import type { Reading } from './programs/train-long.js'

const MIB = 2 ** 20
/** JavaScript's own: code that is compiled late, caches of shapes. Measured: 1 to 2 MiB, all of it before step 5,000. */
const OBJECT_SLACK = 4 * MIB
/** The machine code for it. Measured: 3 to 10 MiB. What leaks 2.5 kB a step is found. */
const RESIDENT_SLACK = 24 * MIB
/** Without these, pages that the collector has emptied or not yet looked at come and go by 50 MiB. */
const SMALL_HEAP = ['--expose-gc', '--max-semi-space-size=1', '--max-old-space-size=64', '--single-threaded-gc']

const root = fileURLToPath(new URL('../../../', import.meta.url))
const program = fileURLToPath(new URL('programs/train-long.ts', import.meta.url))

/** In a process of its own, whose memory nobody else uses. */
async function train(folder: string, steps: number, readAt: readonly number[]): Promise<Reading[]> {
  const options = ['--conditions=@levin/source', '--import', 'tsx']
  const parameters = [...SMALL_HEAP, ...options, program, folder, `${steps}`, readAt.join(',')]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root })
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Reading)
}

it.each(QUICK_TRAININGS)('$name trains for long, and nothing grows after its first steps', async (training) => {
  const material = await writeMaterial(training)
  try {
    const { warmUpSteps, steps } = soak
    const [early, late] = await train(material.path, steps, [warmUpSteps, steps])
    if (early === undefined || late === undefined) throw new Error('Expected two readings.')
    expect([early.step, late.step]).toEqual([warmUpSteps, steps])
    const { tensors, tensorBytes, peakBytes, heapBytes } = early
    expect(late).toMatchObject({ tensors, tensorBytes, peakBytes, heapBytes })
    expect(late.objectBytes).toBeLessThan(early.objectBytes + OBJECT_SLACK)
    expect(late.residentBytes).toBeLessThan(early.residentBytes + RESIDENT_SLACK)
  } finally {
    await material.remove()
  }
})
