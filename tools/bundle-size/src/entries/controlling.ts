// What a page loads whose worker trains.
import { worker } from '@levin/distributed'
import { Trainer } from '@levin/trainer'

const start = () => new Worker('./train.worker.js', { type: 'module' })
export const result = new Trainer({ launcher: worker() }).fit(start, { onEvent: console.log })
