import { project, sweptKernels } from '../../tools/build/vitest.js'

export default project('@levin/nn', sweptKernels)
