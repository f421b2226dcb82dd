import { project, sweptKernels } from '../../tools/build/vitest.js'

export default project('@levin/optim', sweptKernels)
