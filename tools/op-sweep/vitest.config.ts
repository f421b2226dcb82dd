import { project } from '../build/vitest.js'

export default project('@levin/op-sweep')
