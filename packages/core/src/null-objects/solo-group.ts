import type { AsynchronousCollectives, Collectives, Elements, ProcessGroup } from '../contracts/process-group.js'
import { LevinError } from '../errors.js'

const collectives: Collectives = {
  allReduce: () => {},
  reduceScatter: (data, target) => copy(data, target),
  allGather: (data, target) => copy(data, target),
  broadcast: () => {},
  gather: (data, target) => target && copy(data, target),
  scatter: (data, target) => data && copy(data, target),
  allToAll: (data, target) => copy(data, target),
  send: () => noPeer('send'),
  receive: () => noPeer('receive'),
  barrier: () => {},
}

/** The process group of a run without others: every collective of one rank. */
export class SoloGroup implements ProcessGroup {
  readonly rank = 0
  readonly size = 1
  readonly blocking = collectives
  readonly asynchronous = Object.fromEntries(
    Object.entries(collectives).map(([name, operation]) => [
      name,
      async (...args: unknown[]) => (operation as (...args: unknown[]) => void)(...args),
    ]),
  ) as unknown as AsynchronousCollectives
  readonly traffic = { operations: 0, bytesSent: 0, bytesReceived: 0 }

  async split(): Promise<ProcessGroup> {
    return new SoloGroup()
  }

  async destroy(): Promise<void> {}
}

function copy(data: Elements, target: Elements): void {
  if (data.length !== target.length || data.constructor !== target.constructor) {
    throw new LevinError('LEVIN_SHAPE', {
      message: 'A collective got buffers that do not fit.',
      expected: `a target of ${data.length} (${data.constructor.name})`,
      found: `${target.length} (${target.constructor.name})`,
    })
  }
  target.set(data)
}

function noPeer(operation: string): never {
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${operation}() needs another rank, and this group has one.`,
    remedy: 'Start the run with several devices.',
  })
}
