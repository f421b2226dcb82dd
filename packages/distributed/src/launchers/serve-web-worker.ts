import { LevinError, type RankProgram, SoloGroup } from '@levin/core'
import { connectShared } from '../shared/shared-group.js'
import { Inbox } from './inbox.js'
import { type RankReport, runRank } from './run-rank.js'
import { unwrap, type WebOrder, type WebReport, type WebStart, wrap } from './web-messages.js'

/** The part of a dedicated worker's global scope that is used; the compiler's library is the page's. */
interface WorkerScope {
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: 'message', listener: (event: object) => void): void
}

/** Whether this is the thread of a dedicated web worker. */
function workerScope(): WorkerScope | undefined {
  const { DedicatedWorkerGlobalScope: Scope } = globalThis as { DedicatedWorkerGlobalScope?: new () => unknown }
  return Scope && globalThis instanceof Scope ? (globalThis as unknown as WorkerScope) : undefined
}

/**
 * Runs `program` as a rank of whoever started this web worker: called by the worker's file.
 *
 * @throws LEVIN_NOT_SUPPORTED where this is no web worker
 */
export function serveWebWorker(program: RankProgram): void {
  const scope = workerScope()
  if (!scope) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: 'serve() is for the file of a web worker, and this is none.',
      remedy:
        "Call it in a file of its own, and start that by trainer.fit(() => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })).",
    })
  }
  const inbox = new Inbox()
  const post = (report: WebReport, transfer: ArrayBuffer[] = []) => scope.postMessage(wrap(report), transfer)
  scope.addEventListener('message', (event) => {
    const order = unwrap<WebOrder>(event)
    if (order?.type === 'start') void run(program, order.start, inbox, post)
    else if (order?.type === 'message') inbox.receive(order.message)
  })
  announce(post)
}

/** Says that the file is loaded: only now a message is sure to be heard, whatever the file waited for before. */
function announce(post: (report: WebReport) => void): void {
  const { locks } = navigator as Partial<Navigator>
  if (!locks) {
    post({ type: 'ready', lock: undefined })
    return
  }
  const lock = `levin:worker:${crypto.randomUUID()}`
  void locks.request(lock, () => {
    post({ type: 'ready', lock })
    return new Promise(() => {})
  })
}

function run(
  program: RankProgram,
  { arena, rank, input, deadline }: WebStart,
  inbox: Inbox,
  post: (report: RankReport, transfer?: ArrayBuffer[]) => void,
): Promise<void> {
  const worldSize = arena?.worldSize ?? 1
  return runRank({
    rank,
    input,
    group: arena ? connectShared(arena, rank, { deadline }) : new SoloGroup(),
    place: () => ({ globalRank: rank, localRank: rank, nodeRank: 0, localWorldSize: worldSize, worldSize }),
    program: async () => program,
    post,
    onMessage: (listener) => inbox.listen(listener),
  })
}
