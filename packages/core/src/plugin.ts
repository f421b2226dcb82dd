import type { StandardSchemaV1 } from '@standard-schema/spec'
import { LevinError } from './errors.js'
import { optionNames, sayIssue } from './option-issues.js'
import type { Kind, PluginKinds } from './plugin-kinds.js'

/** Version of the plugin contract. Raised only when existing plugins would break. */
export const API_VERSION = 1

export type Instance<K extends Kind> = PluginKinds[K]['instance']

/**
 * Whether a plugin can run here; if not, why, and the one line that would change it. `automatic: false`: it can, and `'auto'`
 * had better pass it by on this machine, as a GPU that is emulated by the processor.
 */
export type Availability =
  | { readonly ok: true; readonly detail?: string; readonly automatic?: false }
  | { readonly ok: false; readonly reason: string; readonly remedy: string }

export interface PluginDefinition<K extends Kind, N extends string, O extends object> {
  readonly kind: K
  /** What users write: lower case, words joined by hyphens. Unique within the kind. */
  readonly name: N
  /** The contract this plugin was written for. A literal, so that a mismatch is a compile error. */
  readonly apiVersion: typeof API_VERSION
  /** `'auto'` tries plugins by falling priority. Default 0; plugins that are chosen by name only use a negative one. */
  readonly priority?: number
  /** Checks the options before {@link create}. Any Standard Schema that validates synchronously. */
  readonly schema?: StandardSchemaV1<O, unknown>
  /** Whether this machine can run it. Default: it can. */
  availability?(): Availability | Promise<Availability>
  /** Builds the instance. Touches no device, file or network: that is the instance's `setup()`. */
  create(options: O): Instance<K>
}

/** From which a worker or a checkpoint can make a plugin's instance again. JSON. */
export interface Recipe<K extends Kind = Kind> {
  readonly kind: K
  readonly name: string
  readonly options: object
}

/** A definition that is also its own factory: `webgpu({ lowPower: true })`. */
export interface Plugin<K extends Kind, N extends string, O extends object> extends PluginDefinition<K, N, O> {
  // biome-ignore lint/complexity/noBannedTypes: `{} extends O` asks whether every option is optional.
  (...args: {} extends O ? [options?: O] : [options: O]): Instance<K>
}

// Options are an input of `create`: only the bottom type accepts plugins of any options.
/** Any plugin, whatever its options. */
// biome-ignore lint/suspicious/noExplicitAny: a list of plugins holds factories of unrelated option types.
export type AnyPlugin = Plugin<any, string, any>

const RECIPES = new WeakMap<object, Recipe>()

/**
 * Makes a plugin of its definition. Mark the call as pure, so that bundlers drop plugins that nobody uses:
 *
 * @example
 * export const webgpu = /* @__PURE__ *\/ definePlugin({ kind: 'accelerator', name: 'webgpu', apiVersion: 1, create: (options: WebGPUOptions) => … })
 */
// biome-ignore lint/complexity/noBannedTypes: a plugin without options.
export function definePlugin<const K extends Kind, const N extends string, O extends object = {}>(
  definition: PluginDefinition<K, N, O>,
): Plugin<K, N, O> {
  const factory = (options?: O): Instance<K> => instantiate(plugin, options ?? ({} as O))
  // Descriptors, not Object.assign: a function's `name` is read-only to assignment.
  const plugin = Object.defineProperties(factory, Object.getOwnPropertyDescriptors(definition)) as unknown as Plugin<
    K,
    N,
    O
  >
  return plugin
}

/** Checks version and options, creates the instance and remembers its recipe. */
export function instantiate<K extends Kind>(plugin: AnyPlugin, options: object): Instance<K> {
  checkVersion(plugin)
  const checked = checkOptions(plugin, options)
  const instance: Instance<K> = plugin.create(checked)
  if (typeof instance === 'object' && instance !== null) {
    RECIPES.set(instance, { kind: plugin.kind, name: plugin.name, options: checked })
  }
  return instance
}

/** The recipe of an instance that a plugin made; `undefined` for objects that were built by hand. */
export const recipeOf = (instance: object): Recipe | undefined => RECIPES.get(instance)

export function checkVersion(plugin: AnyPlugin): void {
  if (plugin.apiVersion === API_VERSION) return
  throw new LevinError('LEVIN_API_VERSION', {
    message: `The ${plugin.kind} '${plugin.name}' speaks version ${plugin.apiVersion} of the plugin contract, this @levin/core version ${API_VERSION}.`,
    remedy: 'Install versions of the two packages that belong together.',
  })
}

function checkOptions(plugin: AnyPlugin, options: object): object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The options of the ${plugin.kind} '${plugin.name}' are wrong.`,
      expected: 'an object',
      found: String(options),
    })
  }
  const schema: StandardSchemaV1<object, unknown> | undefined = plugin.schema
  if (!schema) return options
  const result = schema['~standard'].validate(options)
  if (result instanceof Promise) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The schema of the ${plugin.kind} '${plugin.name}' validates asynchronously.`,
      remedy: 'Give a schema that answers at once: plugins are created synchronously.',
    })
  }
  if (!result.issues) return result.value as object
  const issues = result.issues.map((issue) => sayIssue(issue, optionNames(schema)))
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The options of the ${plugin.kind} '${plugin.name}' are wrong. ${issues.join(' ')}`,
  })
}
