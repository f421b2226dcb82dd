import { parseArgs } from 'node:util'
import { FEWEST_ROUNDS } from './measure.js'

export interface BenchOptions {
  readonly suite: string | undefined
  readonly rounds: number
  /** Only works whose name contains this: the second word. */
  readonly only: string | undefined
  /** One round of the smallest sizes: whether it runs. */
  readonly quick: boolean
  /** Contenders that are left out, by name. */
  readonly without: readonly string[]
  /** Where the results go as JSON. */
  readonly json: string | undefined
}

export const USAGE = `npm run bench -- <suite> [filter] [options]

  filter          only works whose name contains it
  --rounds <n>    measurements per contender, at least ${FEWEST_ROUNDS} (default 7)
  --quick         one round of the smallest sizes: whether it runs, not how fast
  --without <x>   leave out the contender of that name; may be given several times
  --json <path>   write machine, measurements and conclusions as JSON`

/** @throws an Error whose message says what is wrong with the arguments */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      quick: { type: 'boolean', default: false },
      without: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < FEWEST_ROUNDS) {
    throw new Error(`--rounds: expected an integer of at least ${FEWEST_ROUNDS}, found '${values.rounds}'.`)
  }
  const [suite, only, ...more] = positionals
  if (more.length > 0) throw new Error(`expected a suite and a filter, found ${positionals.join(', ')}.`)
  return { suite, rounds, only, quick: values.quick, without: values.without, json: values.json }
}
