import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * tfjs, which its users count for themselves. Our copy of its gradient functions is its code too: its own module does not import
 * in Node.
 */
const isTfjs = (id: string): boolean => id.startsWith('@tensorflow/') || id.endsWith('core/src/generated/gradients.js')

/** Bundles an entry as Vite does for a page, into `dist/<name>`, chunks by their own names. */
export async function bundleEntry(name: string): Promise<void> {
  await build({
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
}
