// Ways in which one rank of several goes wrong.
import { existsSync, writeFileSync } from 'node:fs'
import type { RunContext } from '../../src/index.js'

/** Ways in which a rank may end a training, once: a file says that it has happened. */
const DISASTERS: Readonly<Record<string, () => void | Promise<void>>> = {
  throw: () => {
    throw new Error('a disaster')
  },
  exit: () => process.exit(3),
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  busy: () => {
    for (;;) Math.random()
  },
  away: () => new Promise(() => setInterval(() => {}, 1000)),
}

/** Which rank ends how, and at which step; nobody. Where a file is named, this happens once: the file says that it has. */
export const NO_DISASTER = { disaster: '', at: 0, rank: 0, marker: '' }

export async function strike(
  { disaster, at, rank, marker }: typeof NO_DISASTER,
  { clock, rank: { globalRank } }: RunContext,
): Promise<void> {
  if (!disaster || clock.globalStep !== at || globalRank !== rank) return
  if (marker) {
    if (existsSync(marker)) return
    writeFileSync(marker, '')
  }
  await DISASTERS[disaster]?.()
}
