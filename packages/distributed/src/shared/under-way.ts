/** What gets on without anybody waiting for it. */
export interface UnderWay {
  /** Gets on as far as it can without waiting. */
  advance(): void
}

// Of this thread: whoever blocks here must not keep messages of the same rank from their way, which a rank may need before it can
// come to where it is waited for. MPI's libraries do the same ("progress").
const underWay = new Set<UnderWay>()

export const begin = (operation: UnderWay): void => void underWay.add(operation)
export const end = (operation: UnderWay): void => void underWay.delete(operation)

/** Lets everything get on. Returns whether there is anything. */
export function advanceOthers(): boolean {
  for (const operation of underWay) operation.advance()
  return underWay.size > 0
}
