// What a thread of the launcher 'worker' runs.
import { serveThread } from './launchers/serve-thread.js'

await serveThread()
