import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface JobResult {
  /** 128 for one that a signal has ended. */
  readonly exitCode: number
  /** What all ranks and the launcher have printed. */
  readonly output: string
}

/** How long after the launcher's end its last lines may come. */
const LAST_LINES = 500

/** An MPI job over several hosts. */
export class HostJob {
  readonly process: ChildProcess
  /** Settles when the launcher has ended. */
  readonly ended: Promise<JobResult>
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()

  constructor(command: readonly string[], cwd: string) {
    const [program = '', ...args] = command
    this.process = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#read(line))
    }
    this.ended = new Promise((resolve, reject) => {
      const end = (code: number | null) => resolve({ exitCode: code ?? 128, output: this.output })
      this.process.once('error', reject)
      this.process.once('close', end)
      // A daemon on a host that was cut off keeps the launcher's output open.
      this.process.once('exit', (code) => setTimeout(end, LAST_LINES, code))
    })
  }

  get output(): string {
    return this.#lines.join('\n')
  }

  /** Resolves when `count` lines have matched; rejects if the job ends before. */
  async printed(pattern: RegExp, count = 1): Promise<void> {
    const holds = (): boolean => this.#lines.filter((line) => pattern.test(line)).length >= count
    let isOver = false
    void this.ended.then(() => {
      isOver = true
      for (const wake of this.#waiting) wake()
    })
    while (!holds()) {
      if (isOver) throw new Error(`The job ended before it printed ${pattern}:\n${this.output}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
      this.#waiting.clear()
    }
  }

  #read(line: string): void {
    this.#lines.push(line)
    for (const wake of this.#waiting) wake()
  }
}
