// Makes launchers and cluster environments known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { kubeflow, mpi, slurm, torchrun } from './environments/environments.js'
import { type ProcessOptions, processes } from './launchers/process-launcher.js'
import { type WorkerOptions, worker } from './launchers/thread-launcher.js'

for (const plugin of [worker, processes, torchrun, slurm, mpi, kubeflow]) register(plugin)

type None = Record<never, never>

declare module '@levin/core' {
  interface LauncherRegistry {
    worker: WorkerOptions
    process: ProcessOptions
  }
  interface ClusterEnvironmentRegistry {
    torchrun: None
    slurm: None
    mpi: None
    kubeflow: None
  }
}
