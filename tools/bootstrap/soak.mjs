/** `npm run soak [-- options of vitest]`: the tests that repeat something very often; `tools/build/soak.ts` has the counts. */
import { binary, bootstrap, reportTo, run } from './workspace.mjs'

bootstrap()
const options = process.argv.slice(2)
process.exitCode = await run([binary('vitest'), 'run', ...reportTo('soak'), ...options], { LEVIN_TIER: 'soak' })
