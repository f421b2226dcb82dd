export { type AcceleratorSweep, sweepAccelerator } from './sweep-accelerator.js'
