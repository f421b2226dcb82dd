import type { SharedMemory } from './cluster.js'

/**
 * Threads of one process, as `npm run bench -- collectives` measured them once on two cores of a Zen 5 server: a test of
 * tools/cost-model holds these against what it has stored. The latency is that of a rank that nobody keeps waiting.
 */
export const SHARED_MEMORY: SharedMemory = {
  latency: 2.1e-7,
  secondsPerByte: 9.7e-11,
  secondsPerMovedByte: 6.1e-11,
}

/** Of a reduction in the memory of one such rank. */
export const SECONDS_PER_REDUCED_BYTE = 1.9e-11
