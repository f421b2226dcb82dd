import { dispose, tidy } from '@tensorflow/tfjs-core'
import { askedFor, LossCheck } from '../protocol.js'
import type { Call } from './tfjs-call.js'
import { norm } from './values.js'

/** Calls as often as the bench asks. */
export function runCalls(call: Call, about: string): void {
  const check = new LossCheck(1)
  for (const _ of askedFor([undefined], about, check)) {
    const results = tidy(call)
    check.see(() => norm([...results, ...(call.changed?.() ?? [])].map((result) => result.dataSync())))
    dispose(results)
  }
}
