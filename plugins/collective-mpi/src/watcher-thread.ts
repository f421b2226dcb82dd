// The watcher: a thread beside the one that computes. It finds out that other processes have ended or do not get on, and tells
// them what happens here, however long a kernel of this process runs.
import { writeSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Ancestors } from './liveness/ancestors.js'
import { Hub } from './liveness/hub.js'
import { Member } from './liveness/member.js'
import type { Order, Report, WatcherData } from './liveness/messages.js'
import { WorldState } from './liveness/world-state.js'

const { state: buffer, rank, silence, address, hasLauncher } = workerData as WatcherData
const state = new WorldState(buffer)
const ancestors = hasLauncher ? new Ancestors() : undefined

const BEAT = Math.min(250, silence / 8)
/** A main thread that has been inside one call of MPI for this long after a failure does not come out again. */
const STUCK = 1_000
/** How long a process may go on after its launcher has ended. */
const ORPHANED = 2_000

const report = (message: Report): void => parentPort?.postMessage(message)
const me = `process ${process.pid} on ${hostname()}`

let watch: Hub | Member | undefined

async function listen({ size, oneHost, token }: Order & { type: 'listen' }): Promise<void> {
  const hub = new Hub({ state, size, token, silence, onComplete: () => report({ type: 'complete' }) })
  watch = hub
  const addresses = oneHost ? ['127.0.0.1'] : address === undefined ? outsideAddresses() : [address]
  const port = await hub.listen(addresses.length === 1 ? addresses[0] : undefined)
  report({ type: 'listening', meeting: { addresses, port, token } })
}

async function join({ meeting }: Order & { type: 'join' }): Promise<void> {
  const member = new Member({ state, rank, silence, process: me })
  watch = member
  try {
    await member.join(meeting)
    report({ type: 'joined' })
  } catch (error) {
    report({ type: 'unreachable', reason: error instanceof Error ? error.message : String(error) })
  }
}

const outsideAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
    .map(({ address }) => address)

parentPort?.on('message', (order: Order) => {
  const { type } = order
  if (type === 'listen') void listen(order)
  else if (type === 'join') void join(order)
  else if (type === 'left') watch?.leave(order.departure)
  else if (type === 'late') watch?.late(order.late)
  else if (type === 'fail') {
    const answer = () => state.answer(order.request)
    if (watch) watch.fail(order.failure, answer)
    else {
      state.fail(order.failure)
      answer()
    }
  } else if (type === 'bye') {
    clearInterval(beats)
    const answer = () => state.answer(order.request)
    if (watch) watch.end(answer)
    else answer()
  }
})

let lastBeat = performance.now()
let stuckSince = performance.now()
let stuckIn = state.nativeCalls
let orphanedSince: number | undefined

function beat(): void {
  const now = performance.now()
  // This thread was held up itself, as in a process that was stopped and goes on.
  if (now - lastBeat > silence / 2) watch?.forgive()
  lastBeat = now
  watch?.tick()
  watchLauncher(now)
  watchMainThread(now)
}

function watchLauncher(now: number): void {
  if (orphanedSince === undefined) {
    const lost = ancestors?.lost()
    if (lost === undefined) return
    orphanedSince = now
    const failure = {
      code: 'LEVIN_WORKER_LOST',
      rank,
      text: `${lost}, which started rank ${rank}, has ended.`,
    } as const
    if (watch) watch.fail(failure)
    else state.fail(failure)
  } else if (now - orphanedSince > ORPHANED) endProcess('nobody waits for it any more')
}

function watchMainThread(now: number): void {
  const calls = state.nativeCalls
  if (calls !== stuckIn || calls % 2 === 0 || !state.hasFailed) {
    stuckIn = calls
    stuckSince = now
  } else if (now - stuckSince > STUCK) endProcess('it does not come out of MPI')
}

/** Only for a process that cannot end by itself. A signal that nothing can hold up: MPI has handlers for the others. */
function endProcess(why: string): void {
  try {
    writeSync(2, `levin: rank ${rank} is ended (${why}): ${state.failure?.text ?? ''}\n`)
  } catch {
    // Whoever would read it may be gone.
  }
  process.kill(process.pid, 'SIGKILL')
}

const beats = setInterval(beat, BEAT)
