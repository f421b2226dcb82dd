import { project } from '../build/vitest.js'

// One browser at a time: two on two cores wait for each other.
export default project('@levin/browser-test', { fileParallelism: false, testTimeout: 120_000, hookTimeout: 240_000 })
