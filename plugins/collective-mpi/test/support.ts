import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The commands of the MPIs that tests use, by the names that do not depend on which one was installed last. */
export const LAUNCHERS = {
  'Open MPI': ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'],
  MPICH: ['mpiexec.hydra'],
} as const

export type LauncherName = keyof typeof LAUNCHERS

export const root = fileURLToPath(new URL('../../../', import.meta.url))
const programOf = (name: string): string => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))

/** How a program of these tests is started, from its sources. */
export const nodeCommand = (program: string, ...args: readonly string[]): string[] => [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  '--conditions=@levin/source',
  programOf(program),
  ...args,
]

export interface StartOptions {
  readonly launcher: LauncherName
  readonly ranks: number
  readonly program: string
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A job of some ranks. */
export class Job {
  readonly process: ChildProcess
  readonly exited: Promise<number>
  output = ''

  constructor({ launcher, ranks, program, args = [], environment = {} }: StartOptions) {
    const [command, ...flags] = LAUNCHERS[launcher]
    this.process = spawn(command, [...flags, '-n', `${ranks}`, ...nodeCommand(program, ...args)], {
      cwd: root,
      env: { ...process.env, ...environment },
    })
    this.process.stdout?.on('data', (text) => {
      this.output += `${text}`
    })
    this.process.stderr?.on('data', (text) => {
      this.output += `${text}`
    })
    this.exited = new Promise((resolve, reject) => {
      this.process.once('error', reject)
      this.process.once('close', (code) => resolve(code ?? 128))
    })
  }
}

/** Jobs that do one case after the other: to start one for each would take longer than all the cases. */
export class CaseJobs {
  readonly #launcher: LauncherName
  readonly #args: readonly string[]
  readonly #jobs = new Map<number, { readonly job: Job; readonly results: string[]; wake: () => void }>()

  constructor(launcher: LauncherName, ...args: readonly string[]) {
    this.#launcher = launcher
    this.#args = args
  }

  /** Does a case on `ranks` ranks; rejects with what went wrong on any. */
  async run(name: string, ranks: number): Promise<void> {
    const entry = this.#jobs.get(ranks) ?? this.#start(ranks)
    entry.job.process.stdin?.write(`${name}\n`)
    const ended = entry.job.exited.then((code) => `The job ended with exit code ${code}:\n${entry.job.output}`)
    const result = await Promise.race([this.#next(entry), ended])
    if (result !== '') throw new Error(result)
  }

  /** Does a case that ends its world, in a job of its own; every rank reports. */
  async runOnce(name: string, ranks: number): Promise<void> {
    const entry = this.#start(ranks)
    this.#jobs.delete(ranks)
    entry.job.process.stdin?.write(`${name}\n`)
    await entry.job.exited
    const wrong = entry.results.filter((result) => result !== '')
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    if (entry.results.length < ranks)
      throw new Error(`${entry.results.length} of ${ranks} reported:\n${entry.job.output}`)
  }

  /** Ends them; rejects if one does not end as it should. */
  async end(): Promise<void> {
    for (const { job } of this.#jobs.values()) {
      job.process.stdin?.end()
      const code = await job.exited
      if (code !== 0) throw new Error(`A job ended with exit code ${code}:\n${job.output}`)
    }
  }

  async #next(entry: { readonly results: string[]; wake: () => void }): Promise<string> {
    while (entry.results.length === 0) {
      await new Promise<void>((resolve) => {
        entry.wake = resolve
      })
    }
    return entry.results.shift() ?? ''
  }

  #start(ranks: number) {
    const job = new Job({ launcher: this.#launcher, ranks, program: 'job', args: this.#args })
    const entry = { job, results: [] as string[], wake: () => {} }
    createInterface({ input: job.process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (!line.startsWith('RESULT ')) return
      entry.results.push(JSON.parse(line.slice('RESULT '.length)) as string)
      entry.wake()
    })
    this.#jobs.set(ranks, entry)
    return entry
  }
}
