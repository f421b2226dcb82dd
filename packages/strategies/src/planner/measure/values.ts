import type { StoredTensor } from '@levin/core'

/**
 * Runs `body` while parameters and buffers have values, and frees again what had none before: so a model that is larger than memory
 * can be looked at piece by piece.
 */
export async function withValues<T>(stored: readonly StoredTensor[], body: () => Promise<T>): Promise<T> {
  const made = stored.filter(({ isMaterialised }) => !isMaterialised)
  try {
    for (const each of made) each.materialise({ seed: 0 })
    return await body()
  } finally {
    for (const each of made) each.dispose()
  }
}
