/**
 * What a message of n bytes from one rank to another costs: latency + n · secondsPerByte, the α and β of the literature
 * (Hockney, 1994), and γ, seconds per byte that is reduced.
 */
export interface Link {
  /** Seconds. */
  readonly latency: number
  readonly secondsPerByte: number
  readonly secondsPerReducedByte: number
  /**
   * How much longer two ranks take to send n bytes to each other than one of them alone: 1 where both directions go at once.
   * Default 1. A ring sends to one neighbour and receives from another: nothing is exchanged in pairs.
   */
  readonly pairFactor?: number
}

/** Payload of a TCP packet over all bytes of its Ethernet frame, with preamble and gap: MTU 1500, timestamps. */
export const GOODPUT = 1448 / 1538

/** @param gigabits per second, before frames and headers */
export const ethernet = (gigabits: number, latency: number, secondsPerReducedByte: number): Link => ({
  latency,
  secondsPerByte: 8 / (gigabits * 1e9 * GOODPUT),
  secondsPerReducedByte,
})
