// Importing this module registers the kernels over the stock ones. The backend's package registers its own when it is
// imported, so that import comes first.
import '@tensorflow/tfjs-backend-wasm'
import { registerKernels } from './register-kernels.js'

registerKernels()
