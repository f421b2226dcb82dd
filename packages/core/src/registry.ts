import { LevinError } from './errors.js'
import { nearestName } from './nearest-name.js'
import { type AnyPlugin, type Availability, checkVersion, type Instance, instantiate, type Recipe } from './plugin.js'
import type { Kind, PluginKinds } from './plugin-kinds.js'
import { reservedName } from './reserved-names.js'

// Names from `plugins: [...]` (values) and from augmentation (types) form one record: name → options.
type Listed<K extends Kind, P extends readonly AnyPlugin[]> = {
  [E in P[number] as E extends { kind: K } ? E['name'] : never]: Parameters<E['create']>[0]
}
type Known<K extends Kind, P extends readonly AnyPlugin[]> = PluginKinds[K]['registry'] & Listed<K, P>
type Choices<R> = {
  // biome-ignore lint/complexity/noBannedTypes: `{} extends R[N]` asks whether every option is optional.
  [N in keyof R & string]: ({} extends R[N] ? N : never) | readonly [name: N, options: R[N]]
}[keyof R & string]

/** `'webgpu'`, `['webgpu', { lowPower: true }]`, `webgpu()`, or an object of your own. */
export type Choice<K extends Kind, P extends readonly AnyPlugin[] = []> = 'auto' | Choices<Known<K, P>> | Instance<K>

// One registry per process, even where two copies of core are installed.
const KEY = Symbol.for('@levin/core/registry/v1')
const holder = globalThis as { [KEY]?: Map<string, AnyPlugin> }
holder[KEY] ??= new Map()
const registry: Map<string, AnyPlugin> = holder[KEY]

const identity = (plugin: AnyPlugin): string => `${plugin.kind}:${plugin.name}`

/**
 * Makes a plugin known by name in the whole process; what a plugin's `/register` entry calls.
 *
 * @param options.override Replace a plugin of the same kind and name. Default `false`: two different ones are an error.
 */
export function register(plugin: AnyPlugin, { override = false }: { override?: boolean } = {}): void {
  checkVersion(plugin)
  const id = identity(plugin)
  const known = registry.get(id)
  if (known && known !== plugin && !override) {
    throw new LevinError('LEVIN_DUPLICATE_PLUGIN', {
      message: `A ${plugin.kind} called '${plugin.name}' is already registered.`,
      remedy: 'Give yours another name, or pass { override: true } to replace it.',
    })
  }
  registry.set(id, plugin)
}

/** Takes a plugin out again. Returns whether it was there. */
export const unregister = (plugin: AnyPlugin): boolean =>
  registry.get(identity(plugin)) === plugin && registry.delete(identity(plugin))

/** The plugins of a kind: those listed first, then those registered; by falling priority. */
export function pluginsOf(kind: Kind, plugins: readonly AnyPlugin[] = []): AnyPlugin[] {
  const all = [...new Set([...plugins, ...registry.values()])].filter((plugin) => plugin.kind === kind)
  const names = new Set<string>()
  return all
    .filter((plugin) => !names.has(plugin.name) && names.add(plugin.name))
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
}

/**
 * Turns a choice into an instance; `undefined` for `'auto'`, which {@link pickAvailable} settles.
 *
 * @throws LEVIN_UNKNOWN_PLUGIN, LEVIN_RESERVED_NAME, LEVIN_API_VERSION, LEVIN_BAD_OPTION.
 */
export function resolve<K extends Kind, const P extends readonly AnyPlugin[] = []>(
  kind: K,
  choice: Choice<K, P>,
  plugins?: P,
): Instance<K> | undefined {
  const [name, options] = (isNamed(choice) ? choice : [choice, {}]) as readonly [unknown, object]
  if (name === 'auto') return undefined
  if (typeof name === 'string') return instantiate<K>(findPlugin(kind, name, plugins), options ?? {})
  if (typeof name === 'function' && (name as unknown as AnyPlugin).kind)
    throw factoryInsteadOfValue(name as unknown as AnyPlugin)
  if (typeof name !== 'object' || name === null) throw notAChoice(kind, name)
  return name as Instance<K>
}

const isNamed = (choice: unknown): choice is readonly [string, object] =>
  Array.isArray(choice) && typeof choice[0] === 'string'

/** The plugin of that kind and name. */
export function findPlugin(kind: Kind, name: string, plugins: readonly AnyPlugin[] = []): AnyPlugin {
  const candidates = pluginsOf(kind, plugins)
  const plugin = candidates.find((candidate) => candidate.name === name)
  if (plugin) return plugin
  const names = candidates.map((candidate) => `'${candidate.name}'`).join(', ') || 'none'
  const remedy = "Pass it as a value, list it in `plugins`, or import '<package>/register'."
  const reserved = reservedName(kind, name)
  if (reserved) throw new LevinError('LEVIN_RESERVED_NAME', { message: `${reserved} Known here: ${names}.`, remedy })
  const near = nearestName(
    name,
    candidates.map((candidate) => candidate.name),
  )
  throw new LevinError('LEVIN_UNKNOWN_PLUGIN', {
    message: `No ${kind} is called '${name}'; known: ${names}.`,
    remedy: near ? `Did you mean '${near}'? Otherwise: ${remedy}` : remedy,
  })
}

/** Makes an instance again from its recipe, with the plugins of the running program. */
export function fromRecipe<K extends Kind>(recipe: Recipe<K>, plugins?: readonly AnyPlugin[]): Instance<K> {
  return instantiate<K>(findPlugin(recipe.kind, recipe.name, plugins), recipe.options)
}

/** What a plugin says of this machine; a plugin whose check throws is unavailable, with the error as its reason. */
export async function availabilityOf(plugin: AnyPlugin): Promise<Availability> {
  try {
    return (await plugin.availability?.()) ?? { ok: true }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, reason, remedy: `The check of '${plugin.name}' itself failed; report it to its author.` }
  }
}

/**
 * The instance of the available plugin of highest priority that may be chosen unasked; `undefined` if there is none.
 *
 * @param options.lastResort take plugins too that are meant to be named: of negative priority, or not `automatic` here.
 *   Default `false`.
 */
export async function pickAvailable<K extends Kind>(
  kind: K,
  plugins?: readonly AnyPlugin[],
  { lastResort = false }: { lastResort?: boolean } = {},
): Promise<Instance<K> | undefined> {
  let unasked: AnyPlugin | undefined
  for (const plugin of pluginsOf(kind, plugins)) {
    if ((plugin.priority ?? 0) < 0 && !lastResort) return undefined
    const availability = await availabilityOf(plugin)
    if (!availability.ok) continue
    if (availability.automatic !== false) return instantiate<K>(plugin, {})
    unasked ??= plugin
  }
  return unasked && lastResort ? instantiate<K>(unasked, {}) : undefined
}

/** Refuses an instance whose plugin says that this machine cannot run it. Instances built by hand pass. */
export async function requireAvailable(
  kind: Kind,
  recipe: Recipe | undefined,
  plugins?: readonly AnyPlugin[],
): Promise<void> {
  if (!recipe) return
  const plugin = pluginsOf(kind, plugins).find((candidate) => candidate.name === recipe.name)
  const availability = plugin ? await availabilityOf(plugin) : { ok: true as const }
  if (availability.ok) return
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The ${kind} '${recipe.name}' cannot run here: ${availability.reason}`,
    remedy: availability.remedy,
  })
}

function factoryInsteadOfValue(plugin: AnyPlugin): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `The ${plugin.kind} '${plugin.name}' was given as a factory.`,
    remedy: `Call it, as in ${plugin.name}(), or list it in \`plugins\` and give its name.`,
  })
}

function notAChoice(kind: Kind, found: unknown): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `This is no ${kind}.`,
    expected: `a name, [name, options] or an object`,
    found: String(found),
  })
}
