import { describe, expect, it, vi } from 'vitest'
import { ratios } from '../src/conclude.js'
import { measure } from '../src/measure.js'
import { parseOptions } from '../src/options.js'
import { tableOf } from '../src/report.js'
import { runSuite } from '../src/run-suite.js'
import { median, summarise } from '../src/statistics.js'
import { Absent, type Contender, lineOf, Refused, type Work } from '../src/suite.js'

const work = (contenders: readonly Contender[], conclude: Work['conclude'] = () => []): Work => ({
  name: 'mlp',
  unit: 'steps/s',
  contenders,
  conclude,
})

/** A contender that gives the values in turn and then the last again. */
const scripted = (name: string, values: readonly number[], journal: string[] = []): Contender => {
  let calls = 0
  return {
    name,
    prepare: () => ({
      measure: () => {
        journal.push(name)
        return values[Math.min(calls++, values.length - 1)]!
      },
      dispose: () => void journal.push(`-${name}`),
    }),
  }
}

const absent: Contender = {
  name: 'torch',
  prepare: () => {
    throw new Absent('PyTorch is not installed.', 'Run tools/…')
  },
}

describe('statistics', () => {
  it('interpolates the median and is not moved by one outlier', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(summarise([10, 11, 9, 1000, 10])).toEqual({ count: 5, median: 10, minimum: 9, maximum: 1000, spread: 0.1 })
  })
})

describe('measuring', () => {
  it('lets contenders take turns and rotates who begins', async () => {
    const journal: string[] = []
    await measure(work([scripted('a', [1], journal), scripted('b', [1], journal)]), { rounds: 5, warmups: 1 })
    expect(journal.join('')).toBe('abbaabbaabba-a-b')
  })

  it('drops the rounds of warming up', async () => {
    const measured = await measure(work([scripted('a', [100, 100, 1, 2, 3, 4, 5])]), { rounds: 5, warmups: 2 })
    expect(measured.get('a')).toEqual([1, 2, 3, 4, 5])
  })

  it('refuses fewer than five rounds', async () => {
    await expect(measure(work([]), { rounds: 4 })).rejects.toThrow('at least 5, found 4')
  })

  it('refuses a measurement that is no number, and disposes all the same', async () => {
    const journal: string[] = []
    const broken = work([scripted('a', [1, Number.NaN], journal), scripted('b', [1], journal)])
    await expect(measure(broken)).rejects.toThrow('mlp: a measured NaN in round 0')
    expect(journal.slice(-2)).toEqual(['-a', '-b'])
  })

  it('disposes what was prepared when a later contender is absent', async () => {
    const journal: string[] = []
    await expect(measure(work([scripted('a', [1], journal), absent]))).rejects.toThrow('PyTorch')
    expect(journal).toEqual(['-a'])
  })
})

describe('conclusions', () => {
  it('take the quotient within a round, so that drift between rounds cancels', () => {
    const measured = new Map([
      ['levin', [10, 20, 30, 40, 50]],
      ['peer', [5, 10, 15, 20, 25]],
    ])
    expect(ratios('mlp', 'levin', measured, 'more')).toEqual([{ kind: 'ratio', name: 'mlp/peer', value: 2 }])
    expect(ratios('mlp', 'levin', measured, 'less')).toEqual([{ kind: 'ratio', name: 'mlp/peer', value: 0.5 }])
  })

  it('leave out who was skipped', () => {
    expect(ratios('mlp', 'levin', new Map([['peer', [1]]]), 'more')).toEqual([])
  })

  it('are written with three digits and no exponent', () => {
    expect(lineOf({ kind: 'ratio', name: 'mlp/peer', value: 15.347 })).toBe('RATIO mlp/peer 15.3')
    expect(lineOf({ kind: 'figure', name: 'step/bare', value: 0.00123456, unit: 'µs' })).toBe(
      'FIGURE step/bare 0.00123 µs',
    )
    expect(lineOf({ kind: 'figure', name: 'step/bare', value: -1234567, unit: 'B' })).toBe(
      'FIGURE step/bare -1234567 B',
    )
  })
})

describe('a suite', () => {
  const suite = (...works: Work[]) => ({ what: 'a test', works: () => works })

  it('skips absent contenders aloud and concludes from the others', async () => {
    const say = vi.fn()
    const mine = work([scripted('levin', [4]), scripted('stock', [2]), absent], (measured) =>
      ratios('mlp', 'levin', measured, 'more'),
    )
    const [report] = await runSuite(suite(mine), { rounds: 5, say })
    expect(report?.conclusions).toEqual([{ kind: 'ratio', name: 'mlp/stock', value: 2 }])
    expect(say).toHaveBeenCalledWith('SKIPPED mlp/torch: PyTorch is not installed. Run tools/…')
    expect(tableOf(report!).split('\n')).toEqual([
      'mlp',
      expect.stringMatching(/^ {2}levin +4\.00 steps\/s {2}\(4\.00–4\.00, spread 0\.0 %, 5 rounds\)$/),
      expect.stringContaining('stock'),
    ])
  })

  it('leaves out who computes something else, and reports it', async () => {
    const say = vi.fn()
    const other: Contender = {
      name: 'other',
      prepare: () => {
        throw new Refused('its loss is 3.')
      },
    }
    const [report] = await runSuite(suite(work([scripted('levin', [4]), other])), { rounds: 5, say })
    expect(report?.refused).toEqual(['other'])
    expect(say).toHaveBeenCalledWith('REFUSED mlp/other: its loss is 3.')
  })

  it('frees what contenders share, also when one of them fails', async () => {
    const dispose = vi.fn()
    const run = runSuite(suite({ ...work([scripted('a', [Number.NaN])]), dispose }), { rounds: 5, say: () => {} })
    await expect(run).rejects.toThrow('measured NaN')
    expect(dispose).toHaveBeenCalledOnce()
  })

  it('leaves out whom it is told to', async () => {
    const run = { rounds: 5, say: () => {}, without: ['b'] }
    const [report] = await runSuite(suite(work([scripted('a', [3]), scripted('b', [4])])), run)
    expect(Object.keys(report?.contenders ?? {})).toEqual(['a'])
  })

  it('measures once when only asked whether it runs', async () => {
    const [report] = await runSuite(suite(work([scripted('a', [3, 4])])), { rounds: 7, say: () => {}, quick: true })
    expect(report?.contenders['a']?.measurements).toEqual([3])
  })

  it('fails for an absent contender where everything is required', async () => {
    const run = runSuite(suite(work([absent])), { rounds: 5, say: () => {}, strict: true })
    await expect(run).rejects.toThrow('PyTorch is not installed.')
  })

  it('names its works when none is meant', async () => {
    const run = runSuite(suite(work([])), { rounds: 5, say: () => {}, only: 'cnn' })
    await expect(run).rejects.toThrow("no work of this suite contains 'cnn'; there are: mlp.")
  })
})

describe('options', () => {
  it('have a suite, rounds, a filter and a file', () => {
    expect(
      parseOptions([
        'train',
        'mlp',
        '--rounds',
        '9',
        '--quick',
        '--without',
        'a',
        '--without',
        'b',
        '--json',
        'out.json',
      ]),
    ).toEqual({
      suite: 'train',
      rounds: 9,
      only: 'mlp',
      quick: true,
      without: ['a', 'b'],
      json: 'out.json',
    })
  })

  it.each([
    [['train', '--rounds', '3'], 'at least 5'],
    [['train', 'mlp', 'cnn'], 'expected a suite and a filter'],
    [['train', '--fast'], '--fast'],
  ])('%j are refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
