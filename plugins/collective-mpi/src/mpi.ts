import { type Availability, definePlugin } from '@levin/core'
import * as v from 'valibot'
import { launcherOf } from './abi/launchers.js'
import { openMpiLibrary } from './abi/open-library.js'
import { WorldState } from './liveness/world-state.js'
import { MpiCollective, type MpiOptions } from './mpi-collective.js'
import { loadKoffi } from './native/koffi.js'
import { Mpi } from './native/mpi.js'

const name = v.optional(v.pipe(v.string(), v.nonEmpty()))

const schema = v.strictObject({
  library: name,
  silence: v.optional(v.pipe(v.number(), v.finite(), v.minValue(100))),
  address: name,
}) as v.GenericSchema<MpiOptions>

async function availability(): Promise<Availability> {
  const koffi = await loadKoffi()
  const launcher = launcherOf(process.env)
  const opened = openMpiLibrary(koffi, launcher, process.env['LEVIN_MPI'])
  if (!('library' in opened)) return { ok: false, reason: opened.reason, remedy: opened.remedy }
  return { ok: true, detail: `${new Mpi(koffi, opened, new WorldState()).version()} (${opened.file})` }
}

/**
 * Processes of one or many machines, by MPI: those that `mpirun`, `mpiexec` or `srun` has started.
 *
 * @example
 * const group = await mpi().connect(rank)
 */
export const mpi = /* @__PURE__ */ definePlugin({
  kind: 'collective',
  name: 'mpi',
  apiVersion: 1,
  schema,
  availability,
  create: (options: MpiOptions) => new MpiCollective(options),
})
