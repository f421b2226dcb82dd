import { defineConfig } from 'tsup'

/**
 * The one build configuration: ESM with types, one file per entry and shared chunks, so that bundlers drop what is
 * unused. Dependencies and peers stay imports.
 *
 * `dts: true` and not `experimentalDts`: the latter drops the `declare module` block of `register.ts`, with which the
 * names of plugins become known to the compiler (the consumer test guards it).
 *
 * @param entry the sources of `exports` in package.json, and of `bin`
 */
export const config = (entry: string[]) =>
  defineConfig({
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    external: [/^@levin\//, /^@tensorflow\//, /^node:/],
    silent: true,
  })
