import type { RecordedSweep } from '../recorded.js'

/** What PyTorch gives for every case of the sweep over ops. */
export declare const recorded: RecordedSweep
