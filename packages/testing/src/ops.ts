export { type OpHarness, opCases, opSweep, type SweepEntry } from './op-sweep/op-cases.js'
export { type SweepOp, sweepOp } from './op-sweep/sweep-op.js'
export { sweepOps } from './op-sweep/sweep-ops.js'
