import type { RunContext } from '@levin/core'

/**
 * Fills a name such as `{epoch}-{step}-{val/loss:.2f}`: `epoch=3-step=120-val_loss=0.25`, in Lightning's way.
 *
 * @param insertNames write `epoch=` before each value
 */
export function checkpointName(template: string, run: RunContext, insertNames: boolean): string {
  const values: Record<string, number> = { ...run.metrics, epoch: run.clock.epoch, step: run.clock.globalStep }
  const filled = template.replaceAll(
    /\{([^}:]+)(?::\.(\d+)f)?\}/g,
    (_match, name: string, digits: string | undefined) => {
      const value = values[name] ?? 0
      const text = digits === undefined ? String(value) : value.toFixed(Number(digits))
      return insertNames ? `${name}=${text}` : text
    },
  )
  // What separates folders, or is forbidden in file names somewhere.
  return filled.replaceAll(/[\\/:*?"<>|]/g, '_')
}
