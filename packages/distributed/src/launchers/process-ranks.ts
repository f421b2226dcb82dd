import type { ChildProcess } from 'node:child_process'
import type { Server, Socket } from 'node:net'
import { type LaunchedRanks, type LaunchRequest, LevinError, type Recipe } from '@levin/core'
import { requireBuiltin } from '../node-builtins.js'
import { ownUrl } from '../own-url.js'
import { readFrames, writeFrame } from './frames.js'
import { findMpiCommand, type MpiCommand } from './mpi-command.js'
import { Outcomes } from './outcomes.js'
import { OutputLines } from './output-lines.js'
import { programUrl } from './program-url.js'
import type { Hello, ProcessOrder, ProcessReport, ProcessStart } from './serve-process.js'
import { START_VARIABLE } from './serve-process.js'
import { sourceFlags, typescriptLoader } from './typescript-loader.js'

/** How long ranks may take to say what became of them once one has failed, and to leave once all are done. */
const GRACE = 700
const LEAVING = 5_000

/** The loader of TypeScript comes before everything else, so this much is JavaScript in any case. */
const START = `
const start = JSON.parse(process.env.${START_VARIABLE})
if (start.loader) (await import(start.loader)).register()
await import(start.bootstrap)
`

/**
 * Ranks in processes: one is started by itself, several by MPI's command. Each holds a connection to this program in a thread of
 * its own, and ends when that closes: none outlives whoever launched it.
 */
export class ProcessRanks implements LaunchedRanks {
  readonly results: Promise<readonly unknown[]>
  readonly #request: LaunchRequest
  readonly #outcomes: Outcomes
  readonly #sockets = new Map<number, Socket>()
  readonly #connections = new Set<Socket>()
  readonly #pids = new Map<number, number>()
  readonly #early: ProcessOrder[] = []
  readonly #token: string
  #child: ChildProcess | undefined
  #grace: ReturnType<typeof setTimeout> | undefined
  #ending = false

  constructor(request: LaunchRequest, mpirun: string | undefined) {
    if (request.among) throw amongOthers()
    this.#request = request
    this.#outcomes = new Outcomes(request.worldSize)
    this.#token = requireBuiltin('node:crypto').randomUUID()
    this.results = this.#run(mpirun)
  }

  send(message: unknown): void {
    this.#tell({ type: 'message', message })
  }

  async end(rank?: number): Promise<void> {
    const pids = rank === undefined ? [...this.#pids.values()] : [this.#pids.get(rank)]
    this.#ending ||= rank === undefined
    for (const pid of pids) kill(pid)
    // A whole group: mpirun ends nothing when it is killed itself.
    if (rank === undefined) kill(this.#child?.pid === undefined ? undefined : -this.#child.pid)
    await this.results.catch(() => undefined)
  }

  async #run(mpirun: string | undefined): Promise<readonly unknown[]> {
    const { worldSize, modules } = this.#request
    const loader = typescriptLoader([programUrl(this.#request.program, 'process'), ...modules])
    const command = worldSize > 1 ? findMpiCommand(mpirun) : undefined
    const { folder, path } = socketPath()
    const server = await this.#listen(path)
    try {
      const start: ProcessStart = {
        path,
        token: this.#token,
        worldSize,
        loader,
        bootstrap: ownUrl('rank-process').href,
      }
      const exit = await this.#spawn(start, command)
      this.#settleRest(exit)
      return this.#outcomes.results()
    } finally {
      clearTimeout(this.#grace)
      for (const socket of this.#connections) socket.destroy()
      server.close()
      if (folder) requireBuiltin('node:fs').rmSync(folder, { recursive: true, force: true })
    }
  }

  #listen(path: string): Promise<Server> {
    const server = requireBuiltin('node:net').createServer((socket) => this.#welcome(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => resolve(server))
    })
  }

  /** Resolves with how the process that was started ended, when everything that it wrote has arrived. */
  #spawn(start: ProcessStart, mpi: MpiCommand | undefined): Promise<number | string> {
    const node = [...sourceFlags(), '--input-type=module', '--eval', START]
    const [command, args] = mpi
      ? [mpi.command, [...mpi.flags, '-n', String(this.#request.worldSize), process.execPath, ...node]]
      : [process.execPath, node]
    const child = requireBuiltin('node:child_process').spawn(command, args, {
      env: { ...process.env, ...mpi?.environment, [START_VARIABLE]: JSON.stringify(start) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: an interrupt at the terminal reaches this program, which tells the ranks.
      detached: true,
    })
    this.#child = child
    for (const name of ['stdout', 'stderr'] as const) {
      const lines = new OutputLines((line) => this.#output(line, name, mpi?.tag))
      child[name]?.on('data', (chunk: Uint8Array) => lines.write(chunk))
      child[name]?.once('close', () => lines.end())
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(signal ?? code ?? 1))
    })
  }

  #output(line: string, stream: 'stdout' | 'stderr', tag: RegExp | undefined): void {
    const match = tag?.exec(line)
    // A process that was started by itself is the rank; what mpirun prints without a mark is its own.
    const rank = match ? Number(match[1]) : tag ? undefined : 0
    this.#request.onOutput(rank, match ? line.slice(match[0].length) : line, stream)
  }

  #welcome(socket: Socket): void {
    let hello: Hello | undefined
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#connections.delete(socket)
      if (hello) this.#lose(hello)
    })
    readFrames(socket, (frame) => {
      if (hello) this.#take(hello.rank, frame as ProcessReport)
      else if ((frame as Hello).token !== this.#token) socket.destroy()
      else {
        hello = frame as Hello
        this.#greet(hello, socket)
      }
    })
  }

  #greet({ rank, pid, watch }: Hello, socket: Socket): void {
    this.#pids.set(rank, pid)
    if (this.#ending) kill(pid)
    if (watch) return
    const { program, modules, input, worldSize, collective, deadline } = this.#request
    this.#sockets.set(rank, socket)
    const start: ProcessOrder = {
      type: 'start',
      program: programUrl(program, 'process').href,
      modules: modules.map(({ href }) => href),
      input,
      worldSize,
      collective: collective as Recipe<'collective'> | undefined,
      deadline,
    }
    for (const order of [start, ...this.#early]) writeFrame(socket, order)
  }

  #take(rank: number, report: ProcessReport): void {
    if (report.type === 'message') this.#request.onMessage(rank, report.message)
    else if (report.type === 'result') this.#settle(rank, { kind: 'result', result: report.result })
    else this.#settle(rank, { kind: 'error', error: report.error })
  }

  #lose({ rank, pid }: Hello): void {
    const how = `its process ${pid} ended`
    this.#settle(rank, this.#ending ? { kind: 'ended' } : { kind: 'lost', how, exitCode: undefined })
  }

  /** Ranks that never said a word, or whose MPI has ended them. */
  #settleRest(exit: number | string): void {
    const exitCode = typeof exit === 'number' ? exit : undefined
    const how =
      typeof exit === 'number' ? `its process ended with exit code ${exit}` : `its process was ended by ${exit}`
    for (let rank = 0; rank < this.#request.worldSize; rank++)
      this.#settle(rank, this.#ending ? { kind: 'ended' } : { kind: 'lost', how, exitCode })
    this.#outcomes.explain(exitCode)
  }

  #settle(rank: number, outcome: Parameters<Outcomes['settle']>[1]): void {
    if (!this.#outcomes.settle(rank, outcome)) return
    if (this.#outcomes.complete) this.#tell({ type: 'leave' })
    if (this.#outcomes.failed) this.#grace ??= setTimeout(() => void this.end(), GRACE)
    else if (this.#outcomes.complete) this.#grace ??= setTimeout(() => void this.end(), LEAVING)
  }

  #tell(order: ProcessOrder): void {
    this.#early.push(order)
    for (const socket of this.#sockets.values()) writeFrame(socket, order)
  }
}

/** A place that only this user reaches. */
function socketPath(): { folder: string | undefined; path: string } {
  if (process.platform === 'win32')
    return { folder: undefined, path: `\\\\.\\pipe\\levin-${requireBuiltin('node:crypto').randomUUID()}` }
  const { join } = requireBuiltin('node:path')
  const folder = requireBuiltin('node:fs').mkdtempSync(join(requireBuiltin('node:os').tmpdir(), 'levin-'))
  return { folder, path: join(folder, 'ranks') }
}

/** A process that has ended already is as good. */
function kill(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

const amongOthers = (): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: 'This process was started as one of several, and cannot launch further processes that belong to them.',
    remedy: "Start as many processes as there are to be ranks, or let each launch threads (launcher: 'worker').",
  })
