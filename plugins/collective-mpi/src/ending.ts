import { readSync, writeSync } from 'node:fs'
import { inspect } from 'node:util'
import type { World } from './world.js'

/** How long a rank that fails leaves the others to say what they know, before it ends the job. */
const LAST_WORDS = 200
/** How long hydra is waited for. */
const FAREWELL = 2_000

/**
 * Ends this process's part of MPI when the process ends, in whatever way it does so by itself. Not when a group is destroyed:
 * MPI cannot begin twice in one process, and a program may train twice.
 */
export function endWithProcess(world: World): void {
  let uncaught: unknown
  process.on('uncaughtExceptionMonitor', (error) => {
    uncaught = error
  })
  process.on('exit', (code) => {
    const { state, watcher, rank } = world
    if (!state.hasFailed && code !== 0) {
      // The launcher sees the code, and ends the others; they are told who it was.
      watcher.fail({ code: 'LEVIN_WORKER_LOST', rank, text: `rank ${rank} has ended with exit code ${code}.` })
      return
    }
    if (!state.hasFailed) finish(world)
    if (state.hasFailed) abort(world, code || 1, uncaught)
    else watcher.end()
  })
}

/** Ranks that are stopped do not end by themselves, nor does a launcher that waits for them. */
function abort({ mpi }: World, code: number, uncaught: unknown): void {
  // Node says it after this, and MPI_Abort does not return.
  if (uncaught !== undefined) writeSync(2, `${inspect(uncaught)}\n`)
  pause(LAST_WORDS)
  process.exitCode = code
  mpi.call('MPI_Abort', mpi.handles.world, code)
}

/** Nobody leaves before all are done: after that, no rank that ends is missed. */
function finish(world: World): void {
  const { mpi, requests, state, rank } = world
  try {
    const request = requests.take()
    mpi.call('MPI_Ibarrier', mpi.handles.world, request.address)
    for (let nap = 0.05; !requests.test(request) && !state.hasFailed; nap = Math.min(5, 1.2 * nap)) state.sleep(nap)
    if (state.hasFailed) return
    const { PMI_FD, HYDI_CONTROL_FD } = process.env
    if (mpi.hangsInFinalize && PMI_FD !== undefined && HYDI_CONTROL_FD !== undefined) leaveHydra(Number(PMI_FD))
    else mpi.call('MPI_Finalize')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    world.fail('LEVIN_COLLECTIVE', `rank ${rank} could not end MPI: ${message}`)
  }
}

/**
 * What MPI_Finalize would tell MPICH's launcher (PMI-1, over the socket that it has given this process), and nothing else. A
 * process that ends without it takes the others along; MPI_Finalize itself hangs, see `Mpi.hangsInFinalize`.
 */
function leaveHydra(socket: number): void {
  writeSync(socket, 'cmd=finalize\n')
  const answer = Buffer.alloc(256)
  for (const end = performance.now() + FAREWELL; performance.now() < end; pause(2)) {
    try {
      readSync(socket, answer)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}

const pause = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
