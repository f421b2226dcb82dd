import { config } from '../../tools/build/tsup.js'

export default config(['src/index.ts', 'src/node.ts', 'src/opfs.ts', 'src/indexeddb.ts', 'src/register.ts'])
