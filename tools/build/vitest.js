import { defineProject } from 'vitest/config'

/** The one test configuration: siblings resolve to their sources, so that no build is needed. */
export const project = (name, test = {}) =>
  defineProject({
    resolve: { conditions: ['@levin/source'] },
    ssr: { resolve: { conditions: ['@levin/source'] } },
    test: {
      name,
      include: ['test/**/*.test.ts'],
      typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
      ...test,
    },
  })
