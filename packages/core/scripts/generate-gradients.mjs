/**
 * Writes `src/generated/gradients.js`: tfjs-core's gradient functions as values.
 *
 * tfjs-core registers no gradients by itself, and its `dist/register_all_gradients` is written with extensionless
 * imports that plain Node cannot load. This script bundles the gradient functions alone. Whatever tfjs-core exports
 * publicly (ops, kernel names, the util namespaces) is imported from `@tensorflow/tfjs-core`, so that no second engine,
 * Tensor class, Environment or registry comes into being; only the few backprop ops that are not public are bundled,
 * and they reach the engine through the public `engine()`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const PACKAGE = '@tensorflow/tfjs-core'
const require = createRequire(import.meta.url)
const dist = join(dirname(require.resolve(`${PACKAGE}/package.json`)), 'dist')
const output = join(dirname(fileURLToPath(import.meta.url)), '../src/generated')
const tfjs = require(PACKAGE)

/** Internal modules whose exports tfjs-core offers publicly, but inside a namespace. */
const NAMESPACES = {
  util: 'util',
  'ops/axis_util': 'backend_util',
  'ops/conv_util': 'backend_util',
  'ops/selu_util': 'backend_util',
  'ops/broadcast_util': 'broadcast_util',
  'ops/slice_util': 'slice_util',
}

/** What the gradient functions need of modules that must not be bundled. All their operands are tensors already. */
const REPLACEMENTS = {
  engine: { ENGINE: 'const ENGINE = /* @__PURE__ */ engine()', imports: ['engine'] },
  tensor_util_env: { convertToTensor: 'const convertToTensor = (tensor) => tensor', imports: [] },
}

/**
 * Chained methods, which tensors have only when another package adds them, and the public ops that do the same; and a
 * reading of a property that keeps bundlers from dropping what nobody uses.
 */
const PATCHES = {
  'gradients/ComplexAbs_grad': [['absGradConfig.gradFunc', '(...of) => absGradConfig.gradFunc(...of)']],
  'gradients/Prod_grad': [
    ['permutedX.reshape(newShape)', 'reshape(permutedX, newShape)'],
    ['prodGrad.reshape(permutedX.shape)', 'reshape(prodGrad, permutedX.shape)'],
  ],
}

/** Modules that define state or classes of the engine: a second copy of one would break `instanceof` or the registry. */
const FORBIDDEN = [
  'engine',
  'environment',
  'kernel_registry',
  'tensor',
  'tensor_util_env',
  'global_util',
  'globals',
  'flags',
]

const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from '(\.[^']+)';?$/gm

function patch(source, file) {
  let patched = source
  for (const [from, to] of PATCHES[relative(dist, file).replaceAll('\\', '/').replace(/\.js$/, '')] ?? []) {
    if (!patched.includes(from)) throw new Error(`${file} no longer contains "${from}": check the patch`)
    patched = patched.replace(from, to)
  }
  return patched.replace(/= op\(\{/g, '= /* @__PURE__ */ op({')
}

/** Rewrites a file's relative imports to public ones wherever the symbol is public. */
function publicImports(source, file) {
  const constants = []
  const code = source.replace(IMPORT, (statement, named, star, specifier) => {
    const module = relative(dist, resolve(dirname(file), specifier)).replaceAll('\\', '/')
    const namespace = NAMESPACES[module]
    if (star !== undefined) {
      if (namespace === undefined) throw new Error(`${file}: no public namespace stands for ${module}`)
      return `import { ${namespace} as ${star} } from 'public:'`
    }
    const names = named
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    if (namespace !== undefined) {
      const missing = names.filter((name) => !(name in tfjs[namespace]))
      if (missing.length > 0) throw new Error(`${file}: ${namespace} does not export ${missing.join(', ')}`)
      // Marked as pure, so that a bundler can drop the gradients of a program that records nothing.
      constants.push(...names.map((name) => `const ${name} = /* @__PURE__ */ (() => ${namespace}_.${name})()`))
      return `import { ${namespace} as ${namespace}_ } from 'public:'`
    }
    const replacement = REPLACEMENTS[module]
    if (replacement !== undefined) {
      for (const name of names) {
        if (!(name in replacement)) throw new Error(`${file}: nothing stands for ${name} of ${module}`)
        constants.push(replacement[name])
      }
      return replacement.imports.length > 0 ? `import { ${replacement.imports.join(', ')} } from 'public:'` : ''
    }
    return names.every((name) => name in tfjs) ? `import { ${names.join(', ')} } from 'public:'` : statement
  })
  return constants.length > 0 ? code.replace(/^(?=export |function |const )/m, `${constants.join('\n')}\n`) : code
}

const usePublicApi = {
  name: 'use-public-api',
  setup(build) {
    // One module that hands on all public names, so that the output imports each of them once.
    build.onResolve({ filter: /^public:$/ }, ({ path }) => ({ path, namespace: 'public', sideEffects: false }))
    build.onLoad({ filter: /./, namespace: 'public' }, () => ({
      contents: `export { ${Object.keys(tfjs)
        .filter((name) => name !== 'default')
        .join(', ')} } from '${PACKAGE}'`,
      resolveDir: dist,
    }))
    build.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.endsWith('.js') ? path : `${path}.js`),
    }))
    build.onLoad({ filter: /\.js$/ }, async ({ path }) => ({
      // A source map inside a comment would be carried along as text.
      contents: publicImports(patch(await readFile(path, 'utf8'), path), path).replace(
        /^\/\/# sourceMappingURL=.*$/m,
        '',
      ),
      loader: 'js',
    }))
  },
}

/** The names and files of the gradient configurations, as tfjs-core's own registration lists them. */
async function listGradients() {
  const source = await readFile(join(dist, 'register_all_gradients.js'), 'utf8')
  const found = [...source.matchAll(/^import \{ (\w+GradConfig) \} from '(\.\/gradients\/\w+)';$/gm)]
  if (found.length < 100) throw new Error(`expected 100 gradients or more in ${dist}, found ${found.length}`)
  return found.map(([, name, path]) => ({ name, path }))
}

const gradients = await listGradients()
const { outputFiles, metafile } = await build({
  stdin: {
    contents: [
      ...gradients.map(({ name, path }) => `import { ${name} } from '${path}'`),
      `export const gradients = [${gradients.map(({ name }) => name).join(', ')}]`,
    ].join('\n'),
    resolveDir: dist,
  },
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [PACKAGE],
  legalComments: 'none',
  banner: {
    js: `// Bundled from ${PACKAGE} ${tfjs.version_core} by scripts/generate-gradients.mjs. Copyright Google LLC, Apache-2.0.`,
  },
  plugins: [usePublicApi],
})

for (const input of Object.keys(metafile.inputs)) {
  const module = relative(dist, resolve(input)).replace(/\.js$/, '')
  if (FORBIDDEN.includes(module)) throw new Error(`${module} of ${PACKAGE} must not be bundled: it holds global state`)
}

/** The output with no more imports than it uses: esbuild keeps every name of the module that hands them on. */
function trimImports(text) {
  const [statement, names] = /^import \{ (.*) \} from ".*";$/m.exec(text)
  const rest = text.replace(statement, '')
  const used = names.split(', ').filter((name) => new RegExp(`\\b${name}\\b`).test(rest))
  return text.replace(statement, `import { ${used.join(', ')} } from '${PACKAGE}'`)
}

await mkdir(output, { recursive: true })
await writeFile(join(output, 'gradients.js'), trimImports(outputFiles[0].text))
await writeFile(
  join(output, 'gradients.d.ts'),
  `import type { GradConfig } from '${PACKAGE}'\n\n` +
    `/** tfjs-core's gradient functions, none of them registered. */\nexport declare const gradients: readonly GradConfig[]\n`,
)
