import '@tensorflow/tfjs-backend-wasm'
import { backend } from './backend.js'

// The same tests on tfjs's stock wasm.
backend.name = 'wasm'
await import('./optimizer-parity.test.js')
await import('./optimizer.test.js')
