import { Absent, type Measured, Refused, type Session, type Work } from './suite.js'

/** A median of fewer says little. */
export const FEWEST_ROUNDS = 5

export interface MeasureOptions {
  /** Measurements of each contender. Default 7; at least {@link FEWEST_ROUNDS}. */
  readonly rounds?: number
  /** Rounds before the first that counts: engines optimise what runs often. Default 1. */
  readonly warmups?: number
  /** One round, and none before it: only whether it runs. Default `false`. */
  readonly quick?: boolean
  /** Told of contenders that are left out. Default: they are an error. */
  readonly onLeftOut?: (contender: string, reason: Absent | Refused) => void
}

/**
 * Lets the contenders of a work take turns: one measurement each per round, the order rotated from round to round.
 * On a shared machine speed drifts within seconds; contenders that are measured one after the other would each meet
 * another machine, while those of one round meet about the same.
 *
 * @throws whatever a contender throws, when those prepared are disposed.
 */
export async function measure(work: Work, options: MeasureOptions = {}): Promise<Measured> {
  const { quick = false } = options
  const { rounds, warmups } = quick ? { rounds: 1, warmups: 0 } : { rounds: 7, warmups: 1, ...options }
  if (!quick && (!Number.isInteger(rounds) || rounds < FEWEST_ROUNDS)) {
    throw new RangeError(`rounds: expected an integer of at least ${FEWEST_ROUNDS}, found ${rounds}.`)
  }
  const sessions: [name: string, session: Session][] = []
  try {
    await prepare(work, sessions, options)
    const measured = new Map<string, number[]>(sessions.map(([name]) => [name, []]))
    for (let round = -warmups; round < rounds; round++) {
      for (const [name, session] of rotated(sessions, round + warmups)) {
        const value = await session.measure()
        if (!Number.isFinite(value)) throw new Error(`${work.name}: ${name} measured ${value} in round ${round}.`)
        if (round >= 0) measured.get(name)?.push(value)
      }
    }
    return measured
  } finally {
    for (const [, session] of sessions) await session.dispose?.()
  }
}

async function prepare(
  { contenders }: Work,
  sessions: [name: string, session: Session][],
  { onLeftOut }: MeasureOptions,
): Promise<void> {
  for (const contender of contenders) {
    try {
      sessions.push([contender.name, await contender.prepare()])
    } catch (error) {
      if (!(error instanceof Absent || error instanceof Refused) || !onLeftOut) throw error
      onLeftOut(contender.name, error)
    }
  }
}

const rotated = <T>(items: readonly T[], by: number): readonly T[] => {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
