import { defineCommand } from 'citty'
import { metricLines } from '../metric-lines.js'
import { openRun } from '../open-run.js'
import { runArguments } from './run-arguments.js'

const evaluation = (stage: 'validate' | 'test', description: string) =>
  defineCommand({
    meta: { name: stage, description },
    args: runArguments,
    async run({ args }) {
      const { trainer, run, options } = await openRun(args.run, args)
      const { metrics, rank } = await (stage === 'validate'
        ? trainer.validate(run, options)
        : trainer.test(run, options))
      // Of processes that mpirun has started, one speaks.
      if (rank.globalRank === 0) for (const line of metricLines(metrics)) console.log(line)
    },
  })

/** `levin validate run.ts --ckpt-path best` */
export const validate = evaluation('validate', 'Run the validation step over the validation data')
/** `levin test run.ts --ckpt-path best` */
export const test = evaluation('test', 'Run the test step over the test data')
