import { LevinError } from '@levin/core'
import { linkOf, type Machine, NETWORKS, SECONDS_PER_REDUCED_BYTE } from '@levin/strategies/planner'

/** Hosts and what is between them. @throws LEVIN_BAD_OPTION for a network that there is no figure for */
export function machineOf(hosts: number, network: unknown): Machine {
  if (hosts === 1 && network === undefined) return { hosts }
  const wanted = network ?? NETWORKS[0]?.name
  const known = NETWORKS.find(({ name }) => shortened(name) === shortened(String(wanted)))
  if (known) return { hosts, network: linkOf(known, SECONDS_PER_REDUCED_BYTE) }
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: '--network is wrong.',
    expected: `one of ${NETWORKS.map(({ name }) => `'${name}'`).join(', ')}`,
    found: `'${network}'`,
  })
}

/** `10 Gbit/s` and `10gbit` are one. */
const shortened = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^0-9a-z]/g, '')
    .replace(/s$/, '')
