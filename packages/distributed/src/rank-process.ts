// What a process of the launcher 'process' runs.
import { serveProcess } from './launchers/serve-process.js'

await serveProcess()
