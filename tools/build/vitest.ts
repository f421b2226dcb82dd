import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineProject, type UserWorkspaceConfig } from 'vitest/config'

type TestOptions = NonNullable<UserWorkspaceConfig['test']>

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The folder of a package of the workspace. */
function folderOf(name: string): string {
  const folders = ['packages', 'plugins', 'examples', 'tools']
    .map((group) => join(root, group))
    .filter((group) => existsSync(group))
    .flatMap((group) => readdirSync(group).map((entry) => join(group, entry)))
  const named = (folder: string): boolean => {
    const manifest = join(folder, 'package.json')
    return existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name: string }).name === name
  }
  const found = folders.find(named)
  if (!found) throw new Error(`No package of the workspace is called '${name}'; the name must be that of package.json.`)
  return found
}

/** tsc is started only for packages that have type tests: it takes seconds, and announces itself every time. */
function hasTypeTests(name: string): boolean {
  const tests = join(folderOf(name), 'test')
  return existsSync(tests) && readdirSync(tests, { recursive: true }).some((path) => `${path}`.endsWith('.test-d.ts'))
}

/** What is tested by `npm test`, and what takes so many steps, kills or cases that it has a command of its own. */
const TIERS = {
  suite: { include: 'test/**/*.test.ts', testTimeout: 60_000 },
  soak: { include: 'test/**/*.soak.ts', testTimeout: 300_000 },
}

/**
 * For packages whose layers, losses or updates run on every accelerator: their tests fail where they call a kernel that the
 * sweep over accelerators does not.
 */
export const sweptKernels: TestOptions = { setupFiles: [join(root, 'tools/op-sweep/src/called-kernels.ts')] }

/**
 * The one test configuration: siblings resolve to their sources, so that no build is needed, and the types of
 * `test/*.test-d.ts` are tests like the others. With `LEVIN_TIER=soak` it takes the other tier.
 *
 * @param name the package's name, as in `npm test -- --project <name>`
 * @param test what this package needs beside it
 */
export const project = (name: string, test: TestOptions = {}) => {
  const isSoak = process.env['LEVIN_TIER'] === 'soak'
  const { include, testTimeout } = TIERS[isSoak ? 'soak' : 'suite']
  return defineProject({
    resolve: { conditions: ['@levin/source'] },
    ssr: { resolve: { conditions: ['@levin/source'] } },
    test: {
      name,
      include: [include],
      // Training on two shared cores: what takes a second alone can take ten beside others.
      testTimeout,
      hookTimeout: 2 * testTimeout,
      typecheck: {
        enabled: !isSoak && hasTypeTests(name),
        include: ['test/**/*.test-d.ts'],
        tsconfig: './tsconfig.json',
      },
      ...test,
    },
  })
}
