import { config } from '../../tools/build/tsup.js'

export default config([
  'src/index.ts',
  'src/ddp.ts',
  'src/mesh.ts',
  'src/pipeline.ts',
  'src/planner.ts',
  'src/schedules.ts',
  'src/single.ts',
  'src/tensor-parallel.ts',
  'src/zero.ts',
  'src/register.ts',
])
