import { occupied } from './checkpoint-errors.js'
import { MANIFEST_FILE } from './files.js'
import { releaseName, temporaryName } from './leftovers.js'
import type { Storage } from './storage.js'

/** Savers of one name that meet here take turns; more than this many in a row is no coincidence. */
const ATTEMPTS = 10

/**
 * Puts a whole checkpoint where it belongs.
 *
 * @throws LEVIN_CHECKPOINT_EXISTS if one is there and must stay
 */
export const putInPlace = (storage: Storage, from: string, location: string, replace: boolean): Promise<void> =>
  (replace ? moveIntoPlace : moveIfFree)(storage, from, location)

/**
 * Puts a whole checkpoint where it belongs. The old one is moved away first and removed last: whoever looks meanwhile
 * finds one of the two, see `findInterrupted`.
 */
async function moveIntoPlace(storage: Storage, from: string, location: string): Promise<void> {
  const displaced: string[] = []
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const old = await displace(storage, location)
        if (old) displaced.push(old)
        await storage.move(from, location, MANIFEST_FILE)
        break
      } catch (error) {
        // Most likely another process has put its own there in between, and a third may have taken that away again.
        if (attempt < ATTEMPTS) continue
        if ((await storage.kind(location)) === undefined) await putBack(storage, displaced, location)
        throw error
      }
    }
    // The new one is in its place: what of the old one cannot be removed now is a leftover, and cleared later.
    for (const old of displaced) await storage.remove(old).catch(() => undefined)
  } finally {
    for (const old of displaced) releaseName(old)
  }
}

/** Puts a whole checkpoint where nothing is: of several that try at once, one succeeds. */
async function moveIfFree(storage: Storage, from: string, location: string): Promise<void> {
  try {
    await storage.move(from, location, MANIFEST_FILE)
  } catch (error) {
    throw (await storage.kind(location)) === undefined ? error : occupied(location)
  }
}

async function displace(storage: Storage, location: string): Promise<string | undefined> {
  if ((await storage.kind(location)) === undefined) return undefined
  const old = temporaryName(storage, location, 'replaced')
  try {
    await storage.move(location, old, MANIFEST_FILE)
    return old
  } catch (error) {
    releaseName(old)
    throw error
  }
}

async function putBack(storage: Storage, displaced: string[], location: string): Promise<void> {
  const newest = displaced.pop()
  if (newest === undefined) return
  releaseName(newest)
  // Failing here too leaves it under its other name, where a load finds it.
  await storage.move(newest, location, MANIFEST_FILE).catch(() => undefined)
}
