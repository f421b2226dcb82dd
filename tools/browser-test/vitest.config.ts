import { project } from '../build/vitest.js'

export default project('@levin/browser-test', { testTimeout: 120_000, hookTimeout: 240_000 })
