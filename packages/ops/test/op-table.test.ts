import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as ops from '../src/index.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

describe('the table of ops', () => {
  it('has every op, and every kernel is looked for by some op', () => {
    const { clipCoefficient: _composed, hasKernel: _query, wantedKernels: _list, ...rest } = ops
    // What `attention` is made of, by itself.
    const { attentionBlock: _forward, attentionBlockGradients: _backward, ...functions } = rest
    const names = Object.entries(functions).filter(([, value]) => typeof value === 'function')
    expect(Object.keys(ops.opTable).sort()).toEqual(names.map(([name]) => name).sort())
    const rows: ops.OpKernels[] = Object.values(ops.opTable)
    const looked = new Set(rows.flatMap(({ forward, backward }) => [...forward, ...backward]))
    expect(Object.values(ops.kernelNames).filter((name) => !looked.has(name))).toEqual([])
  })

  it('is in the README, kernel by kernel and op by op', () => {
    for (const name of [...Object.values(ops.kernelNames), ...Object.keys(ops.opTable)]) {
      expect(readme, name).toContain(`\`${name}\``)
    }
  })
})
