import type { Socket } from 'node:net'
import {
  type ProcessGroup,
  type RankDescription,
  type RankProgram,
  type Recipe,
  SoloGroup,
  soloRank,
} from '@levin/core'
import { mpi } from '../environments/environments.js'
import { requireBuiltin } from '../node-builtins.js'
import { connectProcesses } from './connect-processes.js'
import { readFrames, writeFrame } from './frames.js'
import { Inbox } from './inbox.js'
import { type PortableError, toPortable } from './portable-error.js'

/** What a process is told in its environment. */
export interface ProcessStart {
  /** Where the launcher listens. */
  readonly path: string
  /** Proves that it is the launcher's. */
  readonly token: string
  readonly worldSize: number
  readonly loader: string | undefined
  readonly bootstrap: string
}

export const START_VARIABLE = 'LEVIN_RANK_START'

/** The first frame of a connection. */
export interface Hello {
  readonly token: string
  readonly rank: number
  readonly pid: number
  /** A second connection of a rank, from a thread that nothing keeps busy. */
  readonly watch: boolean
}

export type ProcessReport =
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: PortableError }

export type ProcessOrder =
  | {
      readonly type: 'start'
      readonly program: string
      readonly modules: readonly string[]
      readonly input: unknown
      readonly worldSize: number
      readonly collective: Recipe<'collective'> | undefined
      readonly deadline: number | undefined
    }
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'leave' }

type Start = Extract<ProcessOrder, { type: 'start' }>

/** Ends the process when the launcher's side closes, whatever keeps the process busy then. */
const WATCH = `
const { workerData } = require('node:worker_threads')
const socket = require('node:net').connect(workerData.path, () => socket.write(workerData.hello))
const end = () => process.kill(process.pid, 'SIGKILL')
socket.on('error', end)
socket.on('close', end)
`

export async function serveProcess(): Promise<void> {
  const { connect } = requireBuiltin('node:net')
  const { path, token, worldSize } = JSON.parse(process.env[START_VARIABLE] ?? '{}') as ProcessStart
  // Programs that the run starts are none of the launcher's.
  delete process.env[START_VARIABLE]
  const rank = (worldSize > 1 && mpi().detect(process.env)) || soloRank
  const socket = connect(path)
  const inbox = new Inbox()
  const hello: Omit<Hello, 'watch'> = { token, rank: rank.globalRank, pid: process.pid }
  const unwatch = await watchLauncher(path, { ...hello, watch: true })
  writeFrame(socket, { ...hello, watch: false } satisfies Hello)
  process.once('uncaughtException', (error) => {
    writeFrame(socket, { type: 'error', error: toPortable(error) } satisfies ProcessReport)
    socket.end(() => process.exit(1))
  })
  const left = new Promise<void>((resolve) => {
    readFrames(socket, (frame) => {
      const order = frame as ProcessOrder
      if (order.type === 'start') void serve(order, rank, socket, inbox)
      else if (order.type === 'message') inbox.receive(order.message)
      else resolve()
    })
  })
  await left
  await unwatch()
  socket.end()
}

async function serve(start: Start, rank: RankDescription, socket: Socket, inbox: Inbox): Promise<void> {
  const report = (message: ProcessReport) => writeFrame(socket, message)
  let group: ProcessGroup | undefined
  try {
    for (const module of start.modules) await import(/* @vite-ignore */ module)
    const { worldSize, collective, deadline } = start
    group = worldSize === 1 ? new SoloGroup() : await connectProcesses(rank, collective, deadline)
    const { serveRank } = (await import(/* @vite-ignore */ start.program)) as { serveRank: RankProgram }
    const result = await serveRank({
      world: { rank, group },
      input: start.input,
      send: (message) => report({ type: 'message', message }),
      onMessage: (listener) => inbox.listen(listener),
    })
    await group.destroy()
    report({ type: 'result', result })
  } catch (error) {
    group?.abort?.(`rank ${rank.globalRank} failed: ${error instanceof Error ? error.message : String(error)}`)
    report({ type: 'error', error: toPortable(error) })
  }
}

async function watchLauncher(path: string, hello: Hello): Promise<() => Promise<void>> {
  const { Worker } = requireBuiltin('node:worker_threads')
  const { serialize } = requireBuiltin('node:v8')
  const body = serialize(hello)
  const frame = new Uint8Array(4 + body.length)
  new DataView(frame.buffer).setUint32(0, body.length)
  frame.set(body, 4)
  const watcher = new Worker(WATCH, { eval: true, workerData: { path, hello: frame }, execArgv: [] })
  await new Promise<void>((resolve, reject) => {
    watcher.once('online', () => resolve())
    watcher.once('error', reject)
  })
  watcher.unref()
  return async () => void (await watcher.terminate())
}
