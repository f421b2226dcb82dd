import { config } from '../../tools/build/tsup.js'

export default config([
  'src/index.ts',
  'src/cli.ts',
  'src/data.ts',
  'src/metrics.ts',
  'src/nn.ts',
  'src/ops.ts',
  'src/optim.ts',
])
