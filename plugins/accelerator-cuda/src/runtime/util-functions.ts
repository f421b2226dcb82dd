import { createRequire } from 'node:module'

/**
 * Functions that tfjs-node 4.22 calls on Node's module `util` at every operation, and that Node 23 removed. They did no
 * more than this.
 */
const REMOVED = {
  isArray: Array.isArray,
  isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
}

/**
 * Gives `util` the functions that it lacks and tfjs-node calls, for as long as the process lives: the package looks them up
 * at each call. Only what is missing is added, unseen by loops over the module, and `import { … } from 'node:util'` of
 * others is as before. Without them every operation fails from Node 23 on.
 */
export function restoreUtilFunctions(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  for (const [name, value] of Object.entries(REMOVED)) {
    if (typeof util[name] === 'function') continue
    Object.defineProperty(util, name, { value, configurable: true, writable: true, enumerable: false })
  }
}
