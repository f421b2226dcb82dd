import { existsSync, readdirSync } from 'node:fs'
import { type OpReport, readReport } from './op-report.js'

const root = new URL('../../../', import.meta.url)

/** The reports of all accelerators: `test/op-reports/*.json` of each package and plugin, in the order of the table. */
export function reports(): OpReport[] {
  return ['packages', 'plugins'].flatMap((group) =>
    readdirSync(new URL(`${group}/`, root))
      .sort()
      .flatMap((name) => {
        const folder = new URL(`${group}/${name}/test/op-reports/`, root)
        const files = existsSync(folder)
          ? readdirSync(folder)
              .filter((file) => file.endsWith('.json'))
              .sort()
          : []
        return files.map((file) => readReport(new URL(file, folder)) as OpReport)
      }),
  )
}

/** Every kernel that the sweep of some accelerator calls. */
export const sweptKernels = (): ReadonlySet<string> => new Set(reports().flatMap(({ kernels }) => kernels))
