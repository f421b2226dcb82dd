// Where everything lies in the memory that the ranks of one machine share. Counters that different ranks write lie on
// cache lines of their own.

/** Bytes of a cache line; blocks are counted in these, so that offsets up to 4 GiB fit into 32 bits. */
export const LINE = 64
const WORDS = LINE / 4

/** Bytes of a slot: what a rank puts forward at a time. Small enough for the slots of a few ranks to stay in the cache. */
export const CHUNK = 256 * 1024
/** Slots per rank. With three a rank fills the next one while others still read the last. */
const SLOTS = 3

/** Bytes of a letter between two ranks, and how many may be under way. */
export const LETTER = 32 * 1024
export const LETTERS = 2

/** The arena's header: the allocator's state, then the failure that ended the world, if any. */
export const HEADER = {
  bytes: 2048,
  /** Words: lock, first free line, number of free blocks. */
  lock: 0,
  top: 1,
  freeCount: 2,
  /** Words: kind, rank, and length of the text in bytes. */
  failure: WORDS,
  failureText: 2 * LINE,
  failureTextBytes: 8 * LINE,
  /** Pairs of words: first line and number of lines. */
  freeList: 10 * WORDS,
  freeMost: 160,
} as const

/** Words of a rank's line in a group: how often it arrived, how many sleep on that, whether it left. */
export const ARRIVAL = { count: 0, sleepers: 1, left: 2 } as const
/** Words of a rank's description of its operation: not on its line, which who waits for it would fetch between two writes. */
export const DESCRIPTION = { sequence: 0, kind: 1, count: 2, detail: 3 } as const
/** Words of a channel from one rank to another; each count is followed by its sleepers, on a line of its own. */
export const CHANNEL = { written: 0, bytes: 2, type: 3, read: WORDS } as const

/** Offsets of one group, in words where counters are, in bytes where data are. */
export interface Layout {
  readonly size: number
  readonly bytes: number
  /** Bytes that must be zero before the group is used. */
  readonly controlBytes: number
  /** Word: members that have not left. */
  readonly members: number
  arrival(rank: number): number
  description(sequence: number, rank: number): number
  channel(from: number, to: number): number
  slot(turn: number, rank: number): number
  /** Bytes from a slot to that of the next rank in the same turn. */
  readonly slotStride: number
  scratch(rank: number): number
  letter(from: number, to: number, index: number): number
}

/** A group of `size` ranks whose block begins at byte `base`. */
export function layoutOf(base: number, size: number): Layout {
  const arrivals = base + LINE
  const descriptions = arrivals + size * LINE
  const channels = descriptions + 2 * size * LINE
  const slots = channels + size * size * 2 * LINE
  const scratch = slots + SLOTS * size * CHUNK
  const letters = scratch + size * CHUNK
  const end = letters + size * size * LETTERS * LETTER
  return {
    size,
    bytes: end - base,
    controlBytes: slots - base,
    members: base / 4,
    arrival: (rank) => (arrivals + rank * LINE) / 4,
    description: (sequence, rank) => (descriptions + ((sequence & 1) * size + rank) * LINE) / 4,
    channel: (from, to) => (channels + (from * size + to) * 2 * LINE) / 4,
    slot: (turn, rank) => slots + ((turn % SLOTS) * size + rank) * CHUNK,
    slotStride: CHUNK,
    scratch: (rank) => scratch + rank * CHUNK,
    letter: (from, to, index) => letters + ((from * size + to) * LETTERS + (index % LETTERS)) * LETTER,
  }
}
