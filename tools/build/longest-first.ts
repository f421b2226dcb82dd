import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Files of tests that take more than a quarter of a minute, with their seconds on one of two cores. */
const SECONDS: Readonly<Record<string, number>> = {
  'tools/bench/test/quick.test.ts': 95,
  'plugins/accelerator-webgl/test/webgl.test.ts': 65,
  'plugins/collective-mpi/test/faults.test.ts': 65,
  'packages/levin/test/mpi-runs.test.ts': 55,
  'examples/browser/test/pages.test.ts': 55,
  'plugins/collective-mpi/test/open-mpi.test.ts': 40,
  'packages/levin/test/launched-runs.test.ts': 35,
  'examples/mnist/test/hardware.test.ts': 30,
  'packages/strategies/test/zero-curves.test.ts': 30,
  'tools/browser-test/test/storage.test.ts': 25,
  'plugins/accelerator-webgpu/test/op-sweep.test.ts': 25,
  'tools/browser-test/test/resume.test.ts': 20,
  'tools/docs-test/test/pages.test.ts': 20,
  'plugins/collective-mpi/test/several-hosts.test.ts': 20,
  'packages/distributed/test/hierarchical.test.ts': 15,
  'packages/cli/test/command-line.test.ts': 15,
  'tools/browser-test/test/workers.test.ts': 15,
}

for (const path of Object.keys(SECONDS)) {
  if (!existsSync(new URL(path, `file://${root}`)))
    throw new Error(`tools/build/longest-first.ts names ${path}, which is not there: take it out, or say its new name.`)
}

/**
 * Starts what takes longest first, whatever its package: else one core ends with a file of a minute while the others wait.
 * vitest knows durations of earlier runs only, which continuous integration has none of.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(root, moduleId)] ?? 0
    return (await super.sort(files)).sort((a, b) => seconds(b) - seconds(a))
  }
}
