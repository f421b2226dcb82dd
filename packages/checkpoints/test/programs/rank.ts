/** One rank of saves, which does what its parent says: `{ call, …}` comes in, `{ value }` or `{ error }` goes out. */
import type { PartReceipt } from '@levin/core'
import { diskCheckpoints } from '../../src/node.js'
import { contentOf } from '../support.js'
import { partOf, sharedOf } from '../support-parts.js'

export interface RankCall {
  readonly call: 'begin' | 'write' | 'complete' | 'abandon'
  readonly location: string
  readonly step: number
  readonly save: string
  readonly index: number
  readonly count: number
  readonly receipts: readonly PartReceipt[]
}

const shared = sharedOf(diskCheckpoints())
const content = (step: number) => contentOf(step, { elements: 1 << 16 })

const CALLS: Readonly<Record<RankCall['call'], (call: RankCall) => Promise<unknown>>> = {
  begin: ({ location }) => shared.begin(location),
  write: ({ location, step, save, index, count }) =>
    shared.write(location, { save, ...partOf(content(step), index, count) }),
  complete: ({ location, step, receipts }) => shared.complete(location, content(step), receipts),
  abandon: ({ location, save }) => shared.abandon(location, save),
}

process.on('message', (call: RankCall) => {
  CALLS[call.call](call).then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
