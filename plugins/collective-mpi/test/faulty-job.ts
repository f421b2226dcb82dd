import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Job, type LauncherName } from './support.js'

/** What a rank says of its end. */
export interface RankError {
  readonly code: string
  readonly message: string
}

/** How a job ended to which something was done. */
export interface Outcome {
  readonly exitCode: number
  /** By rank; of those that could still say so. */
  readonly errors: ReadonlyMap<number, RankError>
  /** Processes of ranks that were still there some time after the launcher had ended. */
  readonly left: readonly number[]
  readonly output: string
}

export interface Fault {
  readonly launcher: LauncherName
  readonly ranks: number
  /** What the ranks are doing; see `programs/fault.ts`. */
  readonly work: string
  readonly signal?: NodeJS.Signals
  /** Whom it is sent to. */
  readonly to?: number | 'launcher'
  /** Milliseconds without a sign of life after which a rank counts as lost. */
  readonly silence?: number
}

/** How long everything may take to be gone; it is gone as soon as it is. */
const PATIENCE = 15_000

/** Starts a job, lets its ranks get to work, does something to one, and waits until nothing is left. */
export async function suffer(fault: Fault): Promise<Outcome> {
  const { launcher, ranks, work, signal, to, silence = 1_500 } = fault
  const folder = mkdtempSync(join(tmpdir(), 'levin-fault-'))
  try {
    const job = new Job({ launcher, ranks, program: 'fault', args: [folder, work, `${silence}`] })
    let hasEnded = false
    void job.exited.then(() => {
      hasEnded = true
    })
    await until(() => hasEnded || notesOf(folder, 'ready').size === ranks)
    const ready = notesOf<{ process: number }>(folder, 'ready')
    const processes = [...ready.values()].map(({ process }) => process)
    if (signal !== undefined) {
      await pause(200)
      const target = typeof to === 'number' ? ready.get(to)?.process : job.process.pid
      if (target !== undefined) process.kill(target, signal)
    }
    const exitCode = await job.exited
    await until(() => processes.every((each) => !isThere(each)))
    const left = processes.filter(isThere)
    for (const each of left) process.kill(each, 'SIGKILL')
    return { exitCode, errors: notesOf<RankError>(folder, 'error'), left, output: job.output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function notesOf<T>(folder: string, what: string): Map<number, T> {
  const names = readdirSync(folder).filter((name) => name.startsWith(what))
  return new Map(
    names.flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      // A file that is being written has no text yet.
      return text === '' ? [] : [[Number(/\d+/.exec(name)?.[0]), JSON.parse(text) as T]]
    }),
  )
}

/** A process that has ended, and that nobody has asked about, is not there. */
function isThere(id: number): boolean {
  const stat = `/proc/${id}/stat`
  if (!existsSync(stat)) return false
  try {
    const state = readFileSync(stat, 'latin1').replace(/.*\) /, '')[0]
    return state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE; !holds() && performance.now() < end; ) await pause(20)
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
