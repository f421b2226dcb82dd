import { relative } from 'node:path'
import { defineCommand } from 'citty'
import { metricLines } from '../metric-lines.js'
import { openRun } from '../open-run.js'
import { runArguments } from './run-arguments.js'

const SIGNAL_EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }

/** `levin fit run.ts` */
export const fit = defineCommand({
  meta: { name: 'fit', description: 'Train' },
  args: runArguments,
  async run({ args }) {
    const { trainer, run, options } = await openRun(args.run, args)
    const result = await trainer.fit(run, options)
    if (result.status === 'stopped' && result.reason === 'signal')
      process.exitCode = SIGNAL_EXIT_CODES[result.message] ?? 1
    // Of processes that mpirun has started, one speaks.
    if (result.rank.globalRank !== 0) return
    const { epoch, globalStep } = result.clock
    const why = result.status === 'completed' ? '' : ` (${result.message || result.reason})`
    console.log(`${result.status}${why} after ${epoch} epochs, ${globalStep} steps`)
    console.log(`run folder: ${relative(process.cwd(), result.runFolder) || '.'}`)
    if (result.bestCheckpoint) console.log(`best checkpoint: ${relative(process.cwd(), result.bestCheckpoint)}`)
    for (const line of metricLines(result.metrics)) console.log(line)
  },
})
