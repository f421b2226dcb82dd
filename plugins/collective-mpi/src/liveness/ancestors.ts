import { readFileSync } from 'node:fs'

/** Programs that start ranks, by the 15 letters of their names that Linux keeps. */
const LAUNCHER = /^(mpirun|mpiexec|orterun|prterun|orted|prted|prte|hydra|srun|slurmstepd)/

interface Ancestor {
  readonly id: number
  readonly name: string
  /** Tells a process from a later one with the same number. */
  readonly started: string
}

/**
 * The processes between this one and the launcher, the launcher included. When one is gone nobody waits for this process any
 * more, and nobody would end it.
 */
export class Ancestors {
  readonly #all: readonly Ancestor[]
  readonly #parent = process.ppid

  constructor() {
    this.#all = lineOf(process.ppid)
  }

  /** Who is gone, in words. */
  lost(): string | undefined {
    // Where there is no /proc, whoever lost its parent is given another.
    if (this.#all.length === 0)
      return process.ppid === this.#parent ? undefined : `its parent (process ${this.#parent})`
    const gone = this.#all.find(({ id, started }) => read(id)?.started !== started)
    return gone && `${gone.name} (process ${gone.id})`
  }
}

function lineOf(parent: number): Ancestor[] {
  const line: Ancestor[] = []
  for (let id = parent; id > 1; ) {
    const found = read(id)
    if (found === undefined) break
    line.push(found)
    if (LAUNCHER.test(found.name)) return line
    id = found.parent
  }
  return line.slice(0, 1)
}

/** `undefined` for a process that has ended, whether or not its end was noticed. */
function read(id: number): (Ancestor & { readonly parent: number }) | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'latin1')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    const [state = '', parent = '0'] = fields
    if (state === 'Z' || state === 'X') return undefined
    return { id, name: stat.slice(stat.indexOf('(') + 1, end), started: fields[19] ?? '', parent: Number(parent) }
  } catch {
    return undefined
  }
}
