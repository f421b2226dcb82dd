/** The tag `layer:…` in a manifest's `nx.tags`. */
export type Layer = keyof typeof MAY_SEE

/**
 * Who may stand on whom. Read by `dependencies`, `peerDependencies` and `optionalDependencies`, and by the imports of
 * `src/`. `devDependencies` serve tests and may name any package, as long as no cycle arises.
 */
export const MAY_SEE = {
  core: [],
  ops: [],
  kernels: ['ops'],
  hub: ['core', 'ops'],
  accelerators: ['core', 'ops', 'kernels'],
  distributed: ['core', 'ops'],
  strategies: ['core', 'ops', 'distributed'],
  trainer: ['core'],
  testing: ['core', 'ops'],
  plugin: ['core', 'ops', 'hub', 'accelerators', 'distributed', 'strategies'],
  app: [
    'core',
    'ops',
    'kernels',
    'hub',
    'accelerators',
    'distributed',
    'strategies',
    'trainer',
    'testing',
    'plugin',
    'app',
  ],
} as const satisfies Record<string, readonly string[]>

/** A plugin stands on one of these, never on two: what needs two belongs into an application or into the hub. */
export const HUBS: readonly Layer[] = ['hub', 'accelerators', 'distributed', 'strategies']

/** Only these packages of `packages/` may see everything; `examples/` and `tools/` may too. */
export const APPS: readonly string[] = ['@levin/cli', 'levin']

/** Layers whose work it is to import a tfjs backend. */
export const MAY_IMPORT_BACKENDS: readonly Layer[] = ['kernels', 'accelerators', 'plugin', 'app']

/** Packages that ask plugins what they can do and never which one they are. */
export const NAMELESS: readonly string[] = ['@levin/trainer']

/** Names that no nameless package may compare with, beside those found in `definePlugin({ name })`. */
export const PLUGIN_NAMES: readonly string[] = [
  'single',
  'ddp',
  'zero',
  'pipeline',
  'tensorParallel',
  'mesh',
  'cpu',
  'wasm',
  'webgl',
  'webgpu',
  'cuda',
  'tensorflow',
  'mpi',
]
