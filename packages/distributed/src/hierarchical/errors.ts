import { type EndOfWorld, LevinError } from '@levin/core'
import { locate, type Place } from './place.js'

const ENDS: readonly string[] = [
  'LEVIN_WORKER_LOST',
  'LEVIN_TIMEOUT',
  'LEVIN_COLLECTIVE',
] satisfies readonly EndOfWorld[]

/** Whether an error means that the world is at its end. */
export const isEnd = (error: unknown): error is LevinError & { readonly code: EndOfWorld } =>
  LevinError.isInstance(error) && ENDS.includes(error.code)

/** What another rank has already said in the words of the whole world. */
const SAID = /\w+ among \d+ ranks of \d+ processes: .*/s

/**
 * The error of one level in the words of the whole world: levels count their ranks on their own. One that came from another rank,
 * through a level, is in these words already.
 */
export function inWorld(error: unknown, place: Place, isOuter: boolean, operation: string): unknown {
  if (!isEnd(error)) return error
  const { code, message, remedy } = error
  const said = SAID.exec(message)?.[0]
  if (said !== undefined) return new LevinError(code, { message: `${operation} ended: ${said}`, cause: error })
  const { firsts, process, size, sizes } = place
  const global = (rank: number): number => (isOuter ? (firsts[rank] ?? rank) : (firsts[process] as number) + rank)
  const text = message.replace(/\branks? \d+(?:, \d+)*/g, (ranks) =>
    ranks.replace(/\d+/g, (rank) => `${global(Number(rank))}`),
  )
  const where = `${operation} among ${size} ranks of ${sizes.length} processes`
  return new LevinError(code, { message: `${where}: ${text}`, ...(remedy !== undefined && { remedy }), cause: error })
}

/** Messages between processes are those of their first ranks: the others have no way out of theirs. */
export function noWay(place: Place, operation: string, peer: number): LevinError {
  const { process, inner } = locate(place, peer)
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${operation}() between rank ${place.rank}, in process ${place.process}, and rank ${peer}, number ${inner} of process ${process}.`,
    expected: 'ranks of one process, or the first ranks of two',
    remedy: 'Start one process per rank where any two exchange messages, as the stages of a pipeline do.',
  })
}
