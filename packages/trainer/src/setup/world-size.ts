import { type AnyPlugin, instantiate, LevinError, pluginsOf, type Strategy } from '@levin/core'

/** @throws LEVIN_NOT_SUPPORTED */
export function requireWorldSize({ name, capabilities, join }: Strategy, worldSize: number): void {
  if (worldSize === 1 || (capabilities.maxDevices >= worldSize && join)) return
  const most = join ? capabilities.maxDevices : 1
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The run has ${worldSize} workers, and the strategy '${name}' runs on ${most === 1 ? 'one' : `at most ${most}`}.`,
    remedy: 'Leave devices out, or choose a strategy for several.',
  })
}

/** The strategy of highest priority that can use all ranks. @throws LEVIN_UNAVAILABLE */
export function automaticStrategy(plugins: readonly AnyPlugin[], worldSize: number): Strategy {
  for (const plugin of pluginsOf('strategy', plugins)) {
    if ((plugin.priority ?? 0) < 0) break
    const strategy: Strategy = instantiate<'strategy'>(plugin, {})
    if (strategy.join && strategy.capabilities.maxDevices >= worldSize) return strategy
  }
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The run has ${worldSize} workers, and nothing here can use several.`,
    remedy:
      "Install @levin/strategies and import '@levin/strategies/register' in the run module, or choose a strategy.",
  })
}
