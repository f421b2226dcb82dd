import type { Suite } from './suite.js'

/** Every suite by the name that `npm run bench -- <name>` takes. Loaded when asked for: some bring whole frameworks. */
export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  overhead: async () => (await import('./suites/overhead/overhead.js')).suite,
}
