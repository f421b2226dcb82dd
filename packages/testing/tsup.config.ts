import { config } from '../../tools/build/tsup.js'

export default config(['src/index.ts', 'src/ops.ts', 'src/vitest.ts'])
