import { type Accelerator, type Devices, LevinError, type RankDescription } from '@levin/core'

/**
 * The device of one rank among those that were asked for on its machine: the entry of its local rank. Where devices are the
 * host's memory every rank has a heap of its own, so each takes the first.
 *
 * @throws LEVIN_BAD_OPTION where fewer devices were asked for than ranks were started
 */
export async function rankDevice(
  accelerator: Accelerator,
  devices: Devices,
  { localRank }: RankDescription,
): Promise<number> {
  if (accelerator.capabilities.hostMemory) return 0
  const chosen = await accelerator.parseDevices?.(devices)
  if (!chosen) return localRank
  const index = chosen[localRank]
  if (index !== undefined) return index
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `There is no device for the worker with local rank ${localRank}.`,
    expected: `devices to name at least ${localRank + 1} on this machine`,
    found: `${JSON.stringify(devices)}, which is ${chosen.length}`,
    remedy: 'Start as many workers per machine as it has devices.',
  })
}
