import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { LevinError, type RankDescription } from '@levin/core'
import { launcherOf } from './abi/launchers.js'
import { openMpiLibrary } from './abi/open-library.js'
import { endWithProcess } from './ending.js'
import { MpiGroup, type MpiGroupOptions } from './group/mpi-group.js'
import { gatherTexts } from './group/texts.js'
import type { Meeting } from './liveness/messages.js'
import { WorldState } from './liveness/world-state.js'
import { loadKoffi } from './native/koffi.js'
import { Mpi } from './native/mpi.js'
import { Watcher } from './watcher.js'
import { World } from './world.js'

export interface WorldOptions {
  readonly library: string | undefined
  readonly silence: number
  readonly address: string | undefined
}

/** Milliseconds to look for others where every rank has a processor of its own. */
const SPIN = 0.5

/** Loads MPI, begins it, and sees that the launcher and MPI say the same of this process. */
export async function startWorld(rank: RankDescription, options: WorldOptions): Promise<World> {
  const koffi = await loadKoffi()
  const launcher = launcherOf(process.env)
  const { library, silence, address } = options
  const opened = openMpiLibrary(koffi, launcher, library ?? process.env['LEVIN_MPI'])
  if (!('library' in opened)) {
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: `MPI cannot be used here: ${opened.reason}`,
      remedy: opened.remedy,
    })
  }
  const state = new WorldState()
  const mpi = new Mpi(koffi, opened, state)
  if (mpi.number('MPI_Finalized') !== 0) throw finalized()
  const watcher = new Watcher(state, {
    rank: rank.globalRank,
    silence,
    address,
    hasLauncher: launcher.marks.length > 0,
  })
  mpi.begin()
  const { world: everybody } = mpi.handles
  const [found, size] = [mpi.number('MPI_Comm_rank', everybody), mpi.number('MPI_Comm_size', everybody)]
  const world = new World(mpi, state, watcher, found, size)
  world.returnErrors(everybody)
  endWithProcess(world)
  requireSamePlace(world, rank, launcher.title)
  return world
}

function requireSamePlace({ mpi, rank, size }: World, expected: RankDescription, launcher: string): void {
  if (rank === expected.globalRank && size === expected.worldSize) return
  const found = `rank ${rank} of ${size}`
  const said = `rank ${expected.globalRank} of ${expected.worldSize}`
  if (size === 1) {
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: `${mpi.file} (${mpi.version()}) takes this process for alone: it was started by ${launcher}, which does not belong to it.`,
      expected: said,
      found,
      remedy: `${mpi.family.start} Or name the library of the MPI that started it: mpi({ library: … }), or LEVIN_MPI.`,
    })
  }
  throw new LevinError('LEVIN_CLUSTER', {
    message: 'MPI and the cluster environment do not agree where this process stands.',
    expected: `${said}, as the environment says`,
    found: `${found}, as ${mpi.version()} says`,
    remedy: 'Take rank and world size from the launcher that started MPI, and from no other.',
  })
}

/** The world as a group, with everybody's watchers connected. */
export async function joinWorld(world: World, options: MpiGroupOptions): Promise<MpiGroup> {
  const { deadline } = options
  const group = new MpiGroup(await world.everybody(deadline), options)
  if (world.size === 1) return group
  const hosts = await gatherTexts(group, hostIdentity())
  const here = hosts.filter((host) => host === hosts[world.rank]).length
  if (here <= availableParallelism()) world.spin = SPIN
  const oneHost = here === world.size
  if (world.rank === 0) {
    const meeting = await world.watcher.listen(world.size, oneHost, randomUUID(), deadline)
    await gatherTexts(group, JSON.stringify(meeting))
    await world.watcher.complete(deadline)
  } else {
    const [meeting = ''] = await gatherTexts(group, '')
    await world.watcher.join(JSON.parse(meeting) as Meeting, world.rank, deadline)
  }
  await group.asynchronous.barrier()
  return group
}

/** Processes that reach each other by the loopback address say the same. */
function hostIdentity(): string {
  const read = (get: () => string): string => {
    try {
      return get().trim()
    } catch {
      return ''
    }
  }
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
  return [hostname(), boot, read(() => readlinkSync('/proc/self/ns/net'))].join(' ')
}

const finalized = (): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', {
    message: 'MPI has ended in this process, and cannot begin again.',
    remedy: 'Call connect() in the main thread: there MPI goes on until the process ends.',
  })
