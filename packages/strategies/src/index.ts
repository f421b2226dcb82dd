export { type DdpOptions, ddp } from './ddp.js'
export { type SingleOptions, single } from './single.js'
export { type ZeroOptions, zero } from './zero.js'
