import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cpu } from '@levin/accelerators'
import { requirePart } from '@levin/real-parts'
import { beforeAll, describe, expect, it } from 'vitest'
import { losses } from './models.js'

const program = fileURLToPath(new URL('./programs/train.ts', import.meta.url))
const installed = fileURLToPath(new URL('../../../node_modules/.cache/levin-tensorflow/node_modules/', import.meta.url))

const NODES = [
  ['22', `${installed}node-22/bin/node`],
  ['24', `${installed}node-24/bin/node`],
] as const

describe.runIf(requirePart('tensorflow-binding'))('one build of the binding', () => {
  let expected: readonly number[]
  beforeAll(async () => {
    expected = await losses('cnn', cpu({ blas: false }))
  })

  // Node 23 took away functions of `util` that tfjs-node calls at every operation.
  it.each(NODES)('trains on Node %s', async (version, node) => {
    const args = ['--conditions=@levin/source', '--import', import.meta.resolve('tsx'), program]
    const { stdout } = await promisify(execFile)(node, args)
    const report = JSON.parse(stdout) as { node: string; losses: number[]; added: string[] }
    expect(report.node.split('.')[0]).toBe(version)
    expect(report.losses).toHaveLength(expected.length)
    for (const [step, loss] of report.losses.entries())
      expect(Math.abs(loss - (expected[step] as number)), `loss of step ${step}`).toBeLessThan(1e-4)
    expect(report.added).toEqual([])
  })
})
