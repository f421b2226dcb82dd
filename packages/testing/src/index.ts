export { type BoringBatch, BoringModule, boringBatches } from './boring-module.js'
export { PlainSgd } from './plain-sgd.js'
