export { runCommandLine } from './command-line.js'
export { loadRunModule } from './load-run-module.js'
