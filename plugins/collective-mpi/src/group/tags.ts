/** Tags of messages within a communicator. From `lane` on each lane of a ring has one. */
export const TAGS = { description: 1, header: 2, message: 3, piece: 4, lane: 16 } as const
