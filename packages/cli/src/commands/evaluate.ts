import { defineCommand } from 'citty'
import { metricLines } from '../metric-lines.js'
import { openRun } from '../open-run.js'
import { type RunArguments, runArguments, runOptions } from './run-arguments.js'

const evaluation = (stage: 'validate' | 'test', description: string) =>
  defineCommand({
    meta: { name: stage, description },
    args: runArguments,
    async run({ args }) {
      const { trainer, module, data } = await openRun(args.run, args as RunArguments)
      const { metrics } = await trainer[stage](module, data, runOptions(args as RunArguments))
      for (const line of metricLines(metrics)) console.log(line)
    },
  })

/** `levin validate run.ts --ckpt-path best` */
export const validate = evaluation('validate', 'Run the validation step over the validation data')
/** `levin test run.ts --ckpt-path best` */
export const test = evaluation('test', 'Run the test step over the test data')
