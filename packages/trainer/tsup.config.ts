import { config } from '../../tools/build/tsup.js'

export default config(['src/index.ts', 'src/callbacks.ts', 'src/rank.ts', 'src/register.ts'])
