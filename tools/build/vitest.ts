import { defineProject, type UserWorkspaceConfig } from 'vitest/config'

type TestOptions = NonNullable<UserWorkspaceConfig['test']>

/**
 * The one test configuration: siblings resolve to their sources, so that no build is needed, and the types of
 * `test/*.test-d.ts` are tests like the others.
 *
 * @param name the package's name, as in `npm test -- --project <name>`
 * @param test what this package needs beside it
 */
export const project = (name: string, test: TestOptions = {}) =>
  defineProject({
    resolve: { conditions: ['@levin/source'] },
    ssr: { resolve: { conditions: ['@levin/source'] } },
    test: {
      name,
      include: ['test/**/*.test.ts'],
      // Training on two shared cores: what takes a second alone can take ten beside others.
      testTimeout: 30_000,
      hookTimeout: 60_000,
      typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
      ...test,
    },
  })
