import { describe, expect, it, vi } from 'vitest'
import { measure } from '../src/measure.js'
import { type ProcessContender, processContenders } from '../src/process-contender.js'
import type { Work } from '../src/suite.js'

/** A contender that takes 10 ms per step whatever the clock says, and reports `check` from the step `from` on. */
const script = (check: number, from: number): string => `
  const { createInterface } = require('node:readline')
  console.log('a banner'); console.log('@ready {"about": "a script"}')
  let steps = 0
  createInterface({ input: process.stdin }).on('line', (line) => {
    const asked = Number(line.slice(4)); steps += asked
    console.log('@done ' + JSON.stringify({ seconds: asked / 100, ...(steps >= ${from} ? { check: ${check} } : {}) }))
  })`

const contender = (name: string, source: string, accept?: (about: string) => void): ProcessContender => ({
  name,
  command: () => ({ program: process.execPath, args: ['-e', source] }),
  ...(accept ? { accept } : {}),
})

async function run(...contenders: readonly ProcessContender[]) {
  const leftOut: string[] = []
  const say = vi.fn()
  const work: Work = {
    name: 'work',
    unit: 'steps/s',
    contenders: processContenders(contenders, { checkStep: 3, quick: true, say, toValue: (rate) => rate }),
    conclude: () => [],
  }
  const onLeftOut = (name: string, reason: Error): void => void leftOut.push(`${name}: ${reason.message}`)
  const measured = await measure(work, { quick: true, onLeftOut })
  return { measured: Object.fromEntries(measured), leftOut, say }
}

describe('contenders in processes of their own', () => {
  it('are measured by the time they report, and say what they run on', async () => {
    const { measured, say } = await run(contender('a', script(2, 3)))
    expect(measured).toEqual({ a: [100] })
    expect(say).toHaveBeenCalledWith('  a: a script')
  })

  it('may be several processes at a time, whose speeds are added up, and steps of several ranks', async () => {
    const pair = { ...contender('pair', script(2, 3)), copies: 2 }
    const { measured } = await run(pair, { ...contender('ranks', script(2, 3)), worth: 4 })
    expect(measured).toEqual({ pair: [200], ranks: [400] })
  })

  it('may read batches ahead: what they report late is waited for', async () => {
    const { measured, leftOut } = await run(contender('a', script(2, 3)), contender('ahead', script(2.001, 5)))
    expect([measured, leftOut]).toEqual([{ a: [100], ahead: [100] }, []])
  })

  it('are refused where they find another number than the first', async () => {
    const { measured, leftOut } = await run(contender('a', script(2, 3)), contender('b', script(2.003, 3)))
    expect(measured).toEqual({ a: [100] })
    expect(leftOut).toEqual(['b: it found 2.003 at step 3, where a found 2.'])
  })

  it('are refused where they find no number at all', async () => {
    const { leftOut } = await run(contender('a', script(2, 3)), contender('b', script(Number.NaN, 3)))
    expect(leftOut).toEqual(['b: it reports no finite number at step 3.'])
  })

  it('are left out where they say that they cannot be had', async () => {
    const { leftOut } = await run(contender('a', `console.log('@absent {"reason": "no BLAS"}')`))
    expect(leftOut).toEqual(['a: no BLAS'])
  })

  it('fail the run with what they complained of when they end early', async () => {
    const early = run(contender('a', `console.error('out of luck'); process.exit(1)`))
    await expect(early).rejects.toThrow(/ended early:\nout of luck/)
  })
})
