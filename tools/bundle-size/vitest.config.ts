import { project } from '../build/vitest.js'

export default project('@levin/bundle-size', { testTimeout: 120_000, hookTimeout: 240_000 })
