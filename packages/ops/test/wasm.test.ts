import '@tensorflow/tfjs-backend-wasm'
import { useBackend } from './support.js'

// The same tests on stock wasm, where the composed forms meet other gaps: no broadcasting in comparisons, sums over
// nothing unwritten, kernels that ignore a dtype.
useBackend('wasm')
await import('./linear.test.js')
await import('./activations.test.js')
await import('./losses.test.js')
await import('./softmax-cross-entropy.test.js')
await import('./normalisation.test.js')
await import('./embedding.test.js')
await import('./dropout.test.js')
await import('./updates.test.js')
await import('./tape.test.js')
await import('./attention.test.js')
await import('./sequences.test.js')
