import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ratios } from '../../conclude.js'
import type { Command } from '../../contender-process.js'
import { FROM_SOURCES } from '../../node-peer.js'
import { pythonPeer } from '../../python-peer.js'
import { root } from '../../root.js'
import { median } from '../../statistics.js'
import type { Contender, Measured, Suite, SuiteOptions, Work } from '../../suite.js'
import { timeToFirstStep } from './time-to-first-step.js'

const WORK = 'start-to-first-step'

/** Packages as they are published; with `quick` from their sources, which needs no build. */
async function levin(quick: boolean): Promise<Command> {
  const program = fileURLToPath(new URL('../../peers/start-levin.mjs', import.meta.url))
  if (quick) return { program: process.execPath, args: [...FROM_SOURCES, program] }
  const projects = ['accelerators', 'nn', 'optim', 'trainer'].map((name) => `@levin/${name}`).join(',')
  const build = ['tools/bootstrap/nx.mjs', 'run-many', '-t', 'build', '-p', projects, '--output-style=static']
  await promisify(execFile)(process.execPath, build, { cwd: root, maxBuffer: 1 << 26 })
  return { program: process.execPath, args: [program] }
}

function lightning(): Command {
  const digits = dirname(createRequire(import.meta.url).resolve('mnist/src/digits/0.json'))
  return pythonPeer('start.py', [digits, '1'], 1)
}

function workOf({ quick }: SuiteOptions): Work {
  /** What each contender took the very first time. */
  const first = new Map<string, number>()
  const contender = (name: string, command: () => Command | Promise<Command>): Contender => ({
    name,
    prepare: async () => {
      const started = await command()
      const measure = async (): Promise<number> => {
        const milliseconds = await timeToFirstStep(started)
        if (!first.has(name)) first.set(name, milliseconds)
        return milliseconds
      }
      return { measure }
    },
  })
  return {
    name: WORK,
    unit: 'ms',
    contenders: [contender('levin', () => levin(quick)), contender('pytorch-lightning', lightning)],
    conclude: (measured) => [
      ...figures(WORK, new Map([...measured].map(([name, values]) => [name, median(values)]))),
      ...figures(`${WORK}-cold`, first),
      ...ratios(WORK, 'levin', measured as Measured, 'less'),
    ],
  }
}

const figures = (work: string, values: ReadonlyMap<string, number>) =>
  [...values].map(([contender, value]) => {
    const quantity = contender === 'levin' ? 'mnist' : `mnist-${contender}`
    return { kind: 'figure', name: `${work}/${quantity}`, value, unit: 'ms' } as const
  })

/** The first start of all is the cold one: whatever the system had read by then stays in its memory for the others. */
export const suite: Suite = {
  what: 'from the start of the process to the end of the first training step on MNIST, decoding included',
  works: (options) => [workOf(options)],
}
