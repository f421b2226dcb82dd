import { config } from '../../tools/build/tsup.js'

export default config(['src/index.ts', 'src/main.ts', 'src/plugins.ts'])
