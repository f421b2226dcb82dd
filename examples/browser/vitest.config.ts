import { project } from '../../tools/build/vitest.js'

export default project('@levin/example-browser')
