import { LevinError } from './errors.js'
import { type Recipe, recipeOf } from './plugin.js'

/**
 * The recipe of an instance that has to travel to a worker or into a checkpoint.
 *
 * @throws LEVIN_NOT_SUPPORTED if it was built by hand, or if its options are not JSON (the option is named).
 */
export function portableRecipe(instance: object, what: string): Recipe {
  const recipe = recipeOf(instance)
  if (!recipe) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `${what} was built by hand, so a worker cannot make it again.`,
      remedy: 'Make it by a factory of definePlugin(), or build it in the run module.',
    })
  }
  const culprit = notJson(recipe.options, 'options')
  if (culprit) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `${what} ('${recipe.name}') cannot travel to a worker: ${culprit} is not JSON.`,
      remedy: 'Build it in the run module, or replace the value by a number, a string or a plain object.',
    })
  }
  return recipe
}

function notJson(value: unknown, path: string): string | undefined {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} (${value})`
  if (Array.isArray(value)) return firstOf(value.map((item, index) => notJson(item, `${path}[${index}]`)))
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return firstOf(Object.entries(value).map(([key, item]) => notJson(item, `${path}.${key}`)))
  }
  return `${path} (a ${typeof value})`
}

const firstOf = (values: readonly (string | undefined)[]): string | undefined =>
  values.find((value) => value !== undefined)
