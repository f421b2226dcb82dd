import { LevinError } from '@levin/core'
import { requireBuiltin } from '../node-builtins.js'

/** An MPI's command that starts processes: its arguments, and the mark of a rank before each line that it prints. */
interface Dialect {
  readonly name: string
  /** In what `--version` prints. */
  readonly recognised: RegExp
  readonly flags: readonly string[]
  /** Before a line; the first group is the rank, the second the stream if it says it. */
  readonly tag: RegExp
  readonly environment: Readonly<Record<string, string>>
}

const DIALECTS: readonly Dialect[] = [
  {
    name: 'Open MPI',
    recognised: /Open MPI|OpenRTE|PRRTE/i,
    flags: ['--oversubscribe', '--tag-output'],
    tag: /^\[\d+,(\d+)\]<(stdout|stderr)>: ?/,
    // In a container the user is root as a rule; Open MPI wants to be told twice that this is meant.
    environment: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  },
  {
    name: 'MPICH',
    recognised: /HYDRA|Intel\(R\) MPI|MVAPICH/i,
    flags: ['-prepend-rank'],
    tag: /^\[(\d+)\] ?/,
    environment: {},
  },
]

export interface MpiCommand {
  readonly command: string
  readonly flags: readonly string[]
  readonly tag: RegExp
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The command that starts processes which find each other by MPI.
 *
 * @param command Default: `mpirun`, else `mpiexec`
 * @throws LEVIN_UNAVAILABLE if there is none, or it is of no MPI that is known
 */
export function findMpiCommand(command?: string): MpiCommand {
  const { spawnSync } = requireBuiltin('node:child_process')
  const candidates = command === undefined ? ['mpirun', 'mpiexec'] : [command]
  for (const candidate of candidates) {
    const { error, stdout, stderr } = spawnSync(candidate, ['--version'], { encoding: 'utf8' })
    if (error) continue
    const dialect = DIALECTS.find(({ recognised }) => recognised.test(`${stdout}${stderr}`))
    if (dialect) return { command: candidate, flags: dialect.flags, tag: dialect.tag, environment: dialect.environment }
    throw unavailable(`'${candidate}' is of no MPI that is known here`)
  }
  throw unavailable(`there is no ${candidates.map((name) => `'${name}'`).join(' or ')}`)
}

const unavailable = (reason: string): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', {
    message: `Several processes are started by MPI, and ${reason}.`,
    remedy: `Install Open MPI or MPICH (Debian: openmpi-bin), name the command as in launcher: ['process', { mpirun: '/opt/mpi/bin/mpirun' }], or use launcher: 'worker'.`,
  })
