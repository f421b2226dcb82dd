export type { SweepFindings } from './run-sweep.js'
export { type AcceleratorSweep, type DistantSweep, holdFindings, sweepAccelerator } from './sweep-accelerator.js'
