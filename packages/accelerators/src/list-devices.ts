import {
  type Accelerator,
  type AcceleratorCapabilities,
  type AnyPlugin,
  availabilityOf,
  findPlugin,
  instantiate,
  LevinError,
  pluginsOf,
  reservedNames,
} from '@levin/core'

/** An accelerator that can be used here. */
export interface UsableDevice {
  readonly name: string
  readonly usable: true
  /** Devices of this kind: for a CPU, logical processors. `undefined` where it needs options to tell. */
  readonly count: number | undefined
  readonly capabilities: AcceleratorCapabilities | undefined
  readonly detail: string | undefined
  /** Whether `accelerator: 'auto'` takes it. */
  readonly automatic: boolean
  /** The line that uses it. */
  readonly use: string
}

/** An accelerator that cannot be used here, or a name that stands for none. */
export interface UnusableDevice {
  readonly name: string
  readonly usable: false
  readonly reason: string
  /** What would make it usable. */
  readonly remedy: string
}

export type DeviceListing = UsableDevice | UnusableDevice

/**
 * Every accelerator that is registered or given, by falling priority, then the names that people type by habit and that
 * stand for nothing here: what is usable, what is not, and what would change that. Sets up no device.
 *
 * @param options.plugins accelerators beside the registered ones
 */
export async function listDevices({ plugins = [] }: { plugins?: readonly AnyPlugin[] } = {}): Promise<DeviceListing[]> {
  const known = pluginsOf('accelerator', plugins)
  const listings: DeviceListing[] = []
  let automaticTaken = false
  for (const plugin of known) {
    const listing = await listPlugin(plugin, !automaticTaken && (plugin.priority ?? 0) >= 0)
    automaticTaken ||= listing.usable && listing.automatic
    listings.push(listing)
  }
  const reserved = reservedNames('accelerator').filter((name) => !known.some((plugin) => plugin.name === name))
  return [...listings, ...reserved.map((name) => listReserved(name, plugins))]
}

async function listPlugin(plugin: AnyPlugin, isNext: boolean): Promise<DeviceListing> {
  const { name } = plugin
  const availability = await availabilityOf(plugin)
  if (!availability.ok) return { name, usable: false, reason: availability.reason, remedy: availability.remedy }
  const { detail } = availability
  const automatic = isNext && availability.automatic !== false
  const use = `accelerator: '${name}'`
  try {
    const accelerator: Accelerator = instantiate<'accelerator'>(plugin, {})
    const count = await accelerator.deviceCount()
    return { name, usable: true, count, capabilities: accelerator.capabilities, detail, automatic, use }
  } catch (error) {
    // One that is there and only wants options: which, its own message says.
    if (LevinError.isInstance(error, 'LEVIN_BAD_OPTION')) {
      const options = `accelerator: ['${name}', { … }]`
      const told = [detail, error.message].filter(Boolean).join('; ')
      return {
        name,
        usable: true,
        count: undefined,
        capabilities: undefined,
        detail: told,
        automatic: false,
        use: options,
      }
    }
    const reason = error instanceof Error ? error.message : String(error)
    return {
      name,
      usable: false,
      reason,
      remedy: `'${name}' failed while it was asked for its devices; report it to its author.`,
    }
  }
}

function listReserved(name: string, plugins: readonly AnyPlugin[]): UnusableDevice {
  try {
    findPlugin('accelerator', name, plugins)
  } catch (error) {
    if (LevinError.isInstance(error)) {
      const remedy = error.remedy ?? ''
      return { name, usable: false, reason: error.message.replace(` ${remedy}`, ''), remedy }
    }
    throw error
  }
  throw new Error(`Expected no plugin for the reserved name '${name}', found one.`)
}
