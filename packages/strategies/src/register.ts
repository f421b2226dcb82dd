// Makes the strategies known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type DdpOptions, ddp } from './ddp.js'
import { type MeshOptions, mesh } from './mesh.js'
import { type PipelineOptions, pipeline } from './pipeline.js'
import { type SingleOptions, single } from './single.js'
import { type TensorParallelOptions, tensorParallel } from './tensor-parallel.js'
import { type ZeroOptions, zero } from './zero.js'

register(ddp)
register(mesh)
register(pipeline)
register(single)
register(tensorParallel)
register(zero)

declare module '@levin/core' {
  interface StrategyRegistry {
    ddp: DdpOptions
    mesh: MeshOptions
    pipeline: PipelineOptions
    single: SingleOptions
    tensorParallel: TensorParallelOptions
    zero: ZeroOptions
  }
}
