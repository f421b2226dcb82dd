import { Layer, LevinError, type Module, nearestName } from '@levin/core'
import { matchesPath } from '../group/path-pattern.js'

/**
 * Tensor ranks that share nothing would all compute the same.
 *
 * @throws LEVIN_BAD_OPTION
 */
export function requireShared(module: Module, ranks: number): void {
  if (ranks === 1 || module.parameters().some(({ split }) => split !== undefined)) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `No layer of ${module.constructor.name} is shared, and ${ranks} tensor ranks would all compute the same.`,
    expected:
      "a plan, such as { 'blocks.*': 'block', head: 'gatheredColumn' }, or layers made with the option `parallel`",
    found: 'neither',
    remedy: 'transformerPlan() of @levin/nn makes one for transformers. Without shared layers use data ranks.',
  })
}

/**
 * Tells the layers of a module how they are shared.
 *
 * @param plan styles by path of layers, `*` for any one name
 * @throws LEVIN_BAD_OPTION for a path that no layer has, LEVIN_NOT_SUPPORTED for a style that a layer does not know
 */
export function shareLayers(module: Module, plan: Readonly<Record<string, string>>): void {
  const layers = module.nodes().filter((node) => node instanceof Layer)
  const chosen = new Map<Layer<unknown, unknown>, string>()
  for (const [pattern, style] of Object.entries(plan)) {
    const matching = layers.filter(({ path }) => matchesPath(path, pattern))
    if (matching.length === 0) throw unknownPath(module, pattern, layers)
    // What is named last counts: `{ 'blocks.*': …, 'blocks.3': … }`.
    for (const layer of matching) chosen.set(layer, style)
  }
  for (const [layer, style] of chosen) layer.share(style)
}

function unknownPath(module: Module, pattern: string, layers: readonly { readonly path: string }[]): LevinError {
  const paths = layers.map(({ path }) => path)
  const nearest = nearestName(pattern, paths)
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `The plan names '${pattern}', and no layer of ${module.constructor.name} has such a path.`,
    expected: "paths of layers, with '*' for any one name",
    found: paths.slice(0, 12).join(', '),
    ...(nearest ? { remedy: `Did you mean '${nearest}'?` } : {}),
  })
}
