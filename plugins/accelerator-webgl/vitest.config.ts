import { project } from '../../tools/build/vitest.js'

// One test is the whole sweep, on a processor that plays the GPU.
export default project('@levin/accelerator-webgl', { testTimeout: 600_000, hookTimeout: 240_000 })
