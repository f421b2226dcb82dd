import type { SizeTable } from './active-blas.js'

/**
 * The one table: fixed, so that a run takes the same way at every start. Where it was measured (Zen 4, OpenBLAS 0.3.21,
 * one thread), all four transpose cases break even with the wasm kernel at 16 × 16 × 16, and thin products of the same
 * work (64 × 8 × 8, 4 × 4 × 256) are faster in the library already. Time in the wasm kernel over time in the library:
 *
 * | n × n × n | 8 | 12 | 16 | 20 | 24 | 32 | 64 | 128 to 1024 |
 * |---|---|---|---|---|---|---|---|---|
 * | | 0.4 | 0.9 | 1.0 | 1.05 | 1.4 | 1.6–1.8 | 1.8–2.0 | 2.0–2.4 |
 */
export const sizeTable: SizeTable = { name: 'a', work: 16 ** 3 }
