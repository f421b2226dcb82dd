import { config } from '../../tools/build/tsup.js'

export default config(['src/index.ts', 'src/register.ts'])
