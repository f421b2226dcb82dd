/** A kernel on tfjs's own wasm backend: `tfjs.ts <kernel as JSON>`. */
import { startStock } from '../tfjs-backend.js'
import { runCalls } from './run-calls.js'
import { COMPOSED, callOf } from './tfjs-call.js'
import { asked } from './values.js'

const about = await startStock('wasm')
runCalls(callOf(COMPOSED, asked()), about)
