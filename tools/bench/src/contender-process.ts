import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { root } from './root.js'
import { Absent } from './suite.js'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Added to the environment of the bench. */
  readonly environment?: Readonly<Record<string, string>>
  /** What ends it. Default `SIGKILL`; a launcher that ends its own children wants to be told. */
  readonly endedBy?: NodeJS.Signals
}

/** What a contender reports after some steps. */
export interface Report {
  readonly seconds: number
  /** The loss of the step that all contenders are compared at; absent before it. */
  readonly check?: number | null
  /** Seconds by what they went into, of contenders that tell. */
  readonly parts?: Readonly<Record<string, number>>
}

/** Lines of complaint that are kept, for the error of a contender that ends early. */
const KEPT_LINES = 12

/** A contender in a process of its own, driven as `peers/protocol.ts` says. */
export class ContenderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly #complaints: string[] = []
  readonly #reader: Interface
  readonly #command: Command

  private constructor(command: Command) {
    this.#command = command
    this.#child = spawn(command.program, [...command.args], {
      cwd: root,
      env: { ...process.env, ...command.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#reader = createInterface(this.#child.stdout)
    this.#lines = this.#reader[Symbol.asyncIterator]()
    createInterface(this.#child.stderr).on('line', (line) => {
      this.#complaints.push(line)
      if (this.#complaints.length > KEPT_LINES) this.#complaints.shift()
    })
    // A contender that ended is reported where its next line is awaited.
    this.#child.on('error', ({ message }) => this.#complaints.push(message))
    this.#child.stdin.on('error', () => {})
  }

  /**
   * Starts it and waits until it could take its first step.
   *
   * @throws Absent if it says that it cannot be had
   */
  static async start(command: Command): Promise<{ contender: ContenderProcess; about: string }> {
    const contender = new ContenderProcess(command)
    const { about } = await contender.#next<{ about: string }>('@ready')
    return { contender, about }
  }

  async run(steps: number): Promise<Report> {
    this.#child.stdin.write(`run ${steps}\n`)
    return await this.#next<Report>('@done')
  }

  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    this.#reader.close()
    if (exitCode !== null || signalCode !== null || this.#child.pid === undefined) return
    this.#child.kill(this.#command.endedBy ?? 'SIGKILL')
    await once(this.#child, 'exit')
  }

  async #next<T>(word: string): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) throw this.#ended()
      if (value.startsWith('@absent '))
        throw new Absent((JSON.parse(value.slice('@absent'.length)) as { reason: string }).reason)
      if (value.startsWith(`${word} `)) return JSON.parse(value.slice(word.length)) as T
    }
  }

  #ended(): Error {
    const { program, args } = this.#command
    return new Error(`${[program, ...args].join(' ')} ended early:\n${this.#complaints.join('\n')}`)
  }
}
