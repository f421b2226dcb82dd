import { LevinError, type RankDescription } from '@levin/core'

export type Variables = Readonly<Record<string, string | undefined>>

/** The names under which a launcher says where a process stands; several where its versions differ. */
export interface RankVariables {
  readonly globalRank: readonly string[]
  readonly worldSize: readonly string[]
  readonly localRank: readonly string[]
  readonly localWorldSize: readonly string[]
  /** Absent: counted from the others, where every node has as many ranks. */
  readonly nodeRank: readonly string[]
}

/**
 * Reads where a process stands.
 *
 * @param launcher for errors
 * @throws LEVIN_CLUSTER naming the variable that is missing, is no number, or contradicts another
 */
export function readRank(launcher: string, names: RankVariables, variables: Variables): RankDescription {
  const globalRank = required(launcher, names.globalRank, variables)
  const worldSize = required(launcher, names.worldSize, variables)
  const localRank = optional(launcher, names.localRank, variables) ?? 0
  const localWorldSize = optional(launcher, names.localWorldSize, variables) ?? 1
  const nodeRank = optional(launcher, names.nodeRank, variables) ?? Math.floor(globalRank / localWorldSize)
  requireBelow(launcher, names.globalRank, globalRank, names.worldSize, worldSize, variables)
  requireBelow(launcher, names.localRank, localRank, names.localWorldSize, localWorldSize, variables)
  return { globalRank, localRank, nodeRank, localWorldSize, worldSize }
}

export const anyOf = (names: readonly string[], variables: Variables): boolean =>
  names.some((name) => variables[name] !== undefined)

function required(launcher: string, names: readonly string[], variables: Variables): number {
  const value = optional(launcher, names, variables)
  if (value !== undefined) return value
  throw new LevinError('LEVIN_CLUSTER', {
    message: `This process looks as if ${launcher} had started it, but ${names.join(' or ')} is not set.`,
    remedy: `Let ${launcher} start it, hand the variable on, or set clusterEnvironment: false to run it alone.`,
  })
}

function optional(launcher: string, names: readonly string[], variables: Variables): number | undefined {
  const name = names.find((candidate) => variables[candidate] !== undefined)
  if (name === undefined) return undefined
  // Slurm writes `4(x2)` for two nodes of four tasks; the first number is that of the first node.
  const value = Number(/^\d+/.exec(variables[name] ?? '')?.[0] ?? Number.NaN)
  if (Number.isSafeInteger(value)) return value
  throw new LevinError('LEVIN_CLUSTER', {
    message: `${launcher} has set ${name} to '${variables[name]}'.`,
    expected: 'a whole number',
  })
}

function requireBelow(
  launcher: string,
  names: readonly string[],
  rank: number,
  sizeNames: readonly string[],
  size: number,
  variables: Variables,
): void {
  if (rank < size) return
  const set = (candidates: readonly string[]) => candidates.find((name) => variables[name] !== undefined)
  throw new LevinError('LEVIN_CLUSTER', {
    message: `${launcher} has set ${set(names)} to ${rank}, and ${set(sizeNames) ?? sizeNames[0]} to ${size}.`,
    expected: 'a rank below the number of ranks',
  })
}
