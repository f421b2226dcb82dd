import '@tensorflow/tfjs-backend-wasm'
import { backend } from './backend.js'

// The same tests on tfjs's stock wasm, whose kernels have gaps of their own: comparisons that do not broadcast, sums of
// integers, tensors without elements.
backend.name = 'wasm'
await import('./parity.test.js')
await import('./metrics.test.js')
await import('./metric-accumulator.test.js')
