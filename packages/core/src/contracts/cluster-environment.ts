import type { RankDescription } from './process-group.js'

/**
 * A ClusterEnvironment recognises that somebody else has started this process as one of several: `mpirun`, `srun`, an operator
 * of Kubernetes. Where one does, the Trainer starts no ranks of its own.
 */
export interface ClusterEnvironment {
  readonly name: string
  /**
   * Where this process stands, by the variables of its environment; `undefined` if it was not started by this launcher.
   *
   * @throws LEVIN_CLUSTER if the variables contradict each other or one is missing
   */
  detect(environment: Readonly<Record<string, string | undefined>>): RankDescription | undefined
}
