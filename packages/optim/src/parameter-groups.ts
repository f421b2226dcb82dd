import { describe, LevinError, Parameter, type ParameterGroup } from '@levin/core'
import { checkOptions, type OptionRule, requireObject, withDefaults } from './options.js'

/** Options that every optimizer has. */
export interface CommonOptions {
  readonly learningRate: number
  readonly weightDecay: number
}

/** Parameters with options of their own; what is left out is taken from the optimizer's options. */
export type ParameterGroupOptions<O extends CommonOptions> = Partial<O> & {
  readonly parameters: Iterable<Parameter>
  /** For logging, and the group's key in checkpoints. Default `group <index>`. */
  readonly name?: string
}

/** What an optimizer trains: parameters, or groups of them with options of their own. */
export type OptimizerTarget<O extends CommonOptions> = Iterable<Parameter> | Iterable<ParameterGroupOptions<O>>

/** A group with everything settled. */
export interface ResolvedGroup<O extends CommonOptions> extends ParameterGroup {
  readonly name: string
  readonly options: O
}

export interface GroupRules<O extends CommonOptions> {
  /** The optimizer's name, for errors. */
  readonly name: string
  readonly defaults: O
  readonly rules: Readonly<Record<keyof O & string, OptionRule>>
  /** Checks what one option demands of another. */
  readonly checkTogether?: (options: O) => void
}

/**
 * Checks what the user passed to an optimizer and settles every group's options.
 *
 * @throws LEVIN_BAD_OPTION for a wrong option, no parameters, something that is no parameter, or one in two groups
 */
export function resolveGroups<O extends CommonOptions>(
  target: OptimizerTarget<O>,
  options: Partial<O>,
  rules: GroupRules<O>,
): readonly ResolvedGroup<O>[] {
  requireObject(rules.name, options)
  const base = withDefaults(rules.defaults, options)
  checkOptions(rules.name, base, rules.rules)
  rules.checkTogether?.(base)
  const groups = listGroups(target, rules.name).map((group, index) => resolveGroup(group, index, base, rules))
  requireParameters(groups, rules.name)
  requireDistinct(groups, rules.name)
  return Object.freeze(groups)
}

function listGroups<O extends CommonOptions>(target: OptimizerTarget<O>, name: string): ParameterGroupOptions<O>[] {
  if (!isIterable(target)) throw notParameters(name, target)
  const items: unknown[] = [...target]
  if (!items.some(isGroup)) return [{ parameters: items } as unknown as ParameterGroupOptions<O>]
  const stray = items.find((item) => !isGroup(item))
  if (stray === undefined) return items as ParameterGroupOptions<O>[]
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `${name} got groups and single parameters in one list.`,
    expected: 'parameters alone, or groups { parameters, … } alone',
    found: describe(stray),
    remedy: 'Put the single parameters into a group of their own.',
  })
}

const isGroup = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'parameters' in value && typeof value.parameters !== 'function'

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value

function resolveGroup<O extends CommonOptions>(
  { parameters, name, ...own }: ParameterGroupOptions<O>,
  index: number,
  base: O,
  { name: optimizer, rules, checkTogether }: GroupRules<O>,
): ResolvedGroup<O> {
  const title = `group ${index}`
  const what = `${optimizer}, ${title}`
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option \`name\` of ${what} is wrong.`,
      expected: 'a name that is not empty',
      found: describe(name),
    })
  }
  const options = withDefaults<O>(base, own as unknown as Partial<O>)
  checkOptions(what, options, rules)
  checkTogether?.(options)
  if (!isIterable(parameters)) throw notParameters(what, parameters)
  const list = [...parameters]
  const stray = list.findIndex((item) => !(item instanceof Parameter))
  if (stray >= 0) throw notAParameter(what, list[stray], stray)
  return {
    parameters: Object.freeze(list),
    baseLearningRate: options.learningRate,
    learningRate: options.learningRate,
    weightDecay: options.weightDecay,
    name: name ?? title,
    options,
  }
}

function requireParameters(groups: readonly ParameterGroup[], name: string): void {
  if (groups.some(({ parameters }) => parameters.length > 0)) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `${name} got no parameters.`,
    expected: 'at least one parameter',
    found: 'an empty list',
    remedy:
      'Pass module.parameters(). Where that is empty, the layers are in private #fields, which a walk over the module cannot see.',
  })
}

function requireDistinct(groups: readonly (ParameterGroup & { readonly name: string })[], name: string): void {
  const names = new Set<string>()
  const owners = new Map<Parameter, string>()
  for (const group of groups) {
    if (names.has(group.name))
      throw twice(name, `the group name '${group.name}'`, 'Checkpoints tell groups by their names.')
    names.add(group.name)
    for (const parameter of group.parameters) {
      const owner = owners.get(parameter)
      const where = owner === group.name ? `in '${owner}'` : `in '${owner}' and in '${group.name}'`
      if (owner !== undefined) throw twice(name, `${title(parameter)} (${where})`, 'List each parameter once.')
      owners.set(parameter, group.name)
    }
  }
}

const title = ({ path, shape }: Parameter): string =>
  path ? `the parameter '${path}'` : `a parameter of shape [${shape.join(', ')}]`

const twice = (name: string, what: string, remedy: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', { message: `${name} got ${what} twice.`, remedy })

const notParameters = (what: string, found: unknown): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message: `${what} needs to know what to train.`,
    expected: 'a list of parameters, or of groups { parameters, learningRate, weightDecay, name }',
    found: describe(found),
    remedy: 'Pass module.parameters().',
  })

function notAParameter(what: string, found: unknown, index: number): LevinError {
  const isVariable = typeof found === 'object' && found !== null && 'assign' in found && 'dataId' in found
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `Item ${index} of the parameters of ${what} is no Parameter.`,
    expected: 'a Parameter',
    found: isVariable
      ? `a tf.Variable of shape [${(found as unknown as Parameter).shape.join(', ')}]`
      : describe(found),
    remedy: isVariable
      ? 'Wrap it: VariableParameter.of(variable), or pass the parameters() of the module that holds it.'
      : 'Pass module.parameters(), or the parameters() of one of its layers.',
  })
}
