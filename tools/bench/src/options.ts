import { parseArgs } from 'node:util'
import { FEWEST_ROUNDS } from './measure.js'

export interface BenchOptions {
  readonly suite: string | undefined
  readonly rounds: number
  /** Only works whose name contains this. */
  readonly only: string | undefined
  /** Where the results go as JSON. */
  readonly json: string | undefined
}

export const USAGE = `npm run bench -- <suite> [options]

  --rounds <n>    measurements per contender, at least ${FEWEST_ROUNDS} (default 7)
  --only <text>   only works whose name contains the text
  --json <path>   write machine, measurements and conclusions as JSON`

/** @throws an Error whose message says what is wrong with the arguments */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '7' }, only: { type: 'string' }, json: { type: 'string' } },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < FEWEST_ROUNDS) {
    throw new Error(`--rounds: expected an integer of at least ${FEWEST_ROUNDS}, found '${values.rounds}'.`)
  }
  if (positionals.length > 1) throw new Error(`expected one suite, found ${positionals.join(', ')}.`)
  return { suite: positionals[0], rounds, only: values.only, json: values.json }
}
