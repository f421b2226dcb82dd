import { config } from '../../tools/build/tsup.js'

export default config([
  'src/index.ts',
  'src/elements.ts',
  'src/rank-process.ts',
  'src/rank-thread.ts',
  'src/register.ts',
])
