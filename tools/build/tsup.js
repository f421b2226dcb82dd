import { defineConfig } from 'tsup'

/**
 * The one build configuration: ESM with types, sources kept apart by entry so that bundlers can drop what is unused.
 *
 * @param {string[]} entry
 */
export const config = (entry) =>
  defineConfig({
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    dts: !process.env['LEVIN_BUILD_JS_ONLY'],
    sourcemap: true,
    clean: true,
    splitting: true,
    external: [/^@levin\//, /^@tensorflow\//, /^node:/],
  })
