import type { SizeTable } from './active-blas.js'

/**
 * The one table: fixed, so that a run takes the same way at every start. Measured with OpenBLAS 0.3.21 on Zen 4, one
 * thread: time in the wasm kernel over time in the library, the range over the transpose cases. Thin products of the same
 * work (4 × 4 × 512, 64 × 2 × 64) gain more than square ones.
 *
 * Threads, where there are several: of 0, 1, 8 and 32 million, tried on whole steps of the benchmark's models with two threads on
 * Zen 5, a million was the steadiest for the perceptron and the convolutions, and level within the noise for the others.
 *
 * | n × n × n | 8 | 12 | 16 | 20 | 24 | 32 | 64 | 128 to 1024 |
 * |---|---|---|---|---|---|---|---|---|
 * | `simd`, Node 20 | 0.4 | 0.9 | 0.9–1.1 | 1.0–1.2 | 1.3–1.6 | 1.6–2.2 | 1.8–2.9 | 1.7–3.1 |
 * | `relaxed-simd`, Node 24 | 0.4 | 0.7 | 0.8–1.0 | 0.9–1.1 | 0.9–1.2 | 1.5–1.7 | 1.9–2.7 | 1.4–2.5 |
 */
export const sizeTable: SizeTable = { name: 'b', work: 20 ** 3, threadedWork: 1_000_000 }
