import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * tfjs, which its users count for themselves. Our copy of its gradient functions is its code too: its own module does not import
 * in Node.
 */
const isTfjs = (id: string): boolean => id.startsWith('@tensorflow/') || id.endsWith('core/src/generated/gradients.js')

/** One file of what Vite makes of an entry. */
export interface Chunk {
  readonly file: string
  /** Of the module that it begins with; what `import()` asks for is named after it. */
  readonly name: string
  /** Whether `import()` asks for it. */
  readonly isAskedFor: boolean
  /** Files that come with it. */
  readonly imports: readonly string[]
}

/** Bundles an entry as Vite does for a page, into `dist/<name>`, chunks by their own names. */
export async function bundleEntry(name: string): Promise<readonly Chunk[]> {
  const result = await build({
    root: here('..'),
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@levin/source', ...defaultClientConditions] },
    build: {
      outDir: `dist/${name}`,
      emptyOutDir: true,
      target: 'esnext',
      modulePreload: false,
      rollupOptions: {
        input: here(`./entries/${name}.ts`),
        external: (id) => isTfjs(id),
        output: { entryFileNames: 'entry.js', chunkFileNames: '[name].js' },
      },
    },
  })
  if (!('output' in result)) throw new Error(`Vite made more than one bundle of '${name}'.`)
  return result.output.flatMap((file) =>
    file.type === 'chunk'
      ? [{ file: file.fileName, name: file.name, isAskedFor: file.isDynamicEntry, imports: file.imports }]
      : [],
  )
}

/** The entry, the chunks of the names, and what comes with them. */
export function loadedWith(chunks: readonly Chunk[], names: readonly string[] = []): readonly string[] {
  const missing = names.find((name) => !chunks.some((chunk) => chunk.isAskedFor && chunk.name === name))
  if (missing) throw new Error(`No chunk is called '${missing}': src/pages.ts is to name what a page loads.`)
  const files = new Set<string>()
  const add = (file: string): void => {
    const chunk = chunks.find((each) => each.file === file)
    if (!chunk || files.has(file)) return
    files.add(file)
    chunk.imports.forEach(add)
  }
  add('entry.js')
  for (const { file, name, isAskedFor } of chunks) if (isAskedFor && names.includes(name)) add(file)
  return [...files]
}
