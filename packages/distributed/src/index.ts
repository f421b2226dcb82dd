export { createArena, type SharedArena } from './shared/arena.js'
export { type FailureCode, failureOf, failWorld } from './shared/failure.js'
export { connectShared, SharedGroup, type SharedGroupOptions } from './shared/shared-group.js'
