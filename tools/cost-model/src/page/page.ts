import { MODELS, RANKS_PER_HOST } from '../assumptions.js'
import { checkLatency, checkNetwork, checkProcesses, checkShared } from './checks.js'
import { allReducePicture, allReduces, constants, crossovers, levels } from './collective-tables.js'
import { type Known, known } from './known.js'
import { meshPictures } from './mesh-pictures.js'
import { schedulePictures } from './schedule-pictures.js'
import { efficiencies, efficiencyPicture, lateness, memory, samplesNeeded, ways } from './training-tables.js'

const TABLES: Readonly<Record<string, (all: Known) => string>> = {
  constants,
  'check: shared memory': checkShared,
  'check: processes': checkProcesses,
  'check: hosts': checkNetwork,
  'check: latency': checkLatency,
  'all-reduce, small': (all) => allReduces(all, '10 Gbit/s', 4e3),
  'all-reduce, large': (all) => allReduces(all, '10 Gbit/s', 400e6),
  crossovers,
  levels: (all) => levels(all, RANKS_PER_HOST),
  efficiency: efficiencies,
  'ways, 1 Gbit/s': (all) => ways(all, MODELS.middle, '1 Gbit/s'),
  'ways, small': (all) => ways(all, MODELS.small, '10 Gbit/s'),
  lateness,
  samples: samplesNeeded,
  memory,
}

const PICTURES: Readonly<Record<string, (all: Known) => string>> = {
  'all-reduce.svg': allReducePicture,
  'efficiency.svg': efficiencyPicture,
  ...meshPictures,
  ...schedulePictures,
}

const BLOCK = /<!-- table: (?<name>[^>]+?) -->\n[\s\S]*?<!-- end of table -->/g

/**
 * A page with its tables made anew: what stands between `<!-- table: name -->` and `<!-- end of table -->`.
 *
 * @throws an Error for a table that there is not, and for one that the page does not show
 */
export function withTables(page: string, all: Known = known()): string {
  const shown = new Set<string>()
  const result = page.replace(BLOCK, (_, name: string) => {
    const make = TABLES[name]
    if (!make) throw new Error(`There is no table '${name}'; there are: ${Object.keys(TABLES).join(', ')}.`)
    shown.add(name)
    return `<!-- table: ${name} -->\n${make(all)}\n<!-- end of table -->`
  })
  const missing = Object.keys(TABLES).filter((name) => !shown.has(name))
  if (missing.length > 0) throw new Error(`The page does not show: ${missing.join(', ')}.`)
  return result
}

/** Pictures by file name. */
export const pictures = (all: Known = known()): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(PICTURES).map(([name, draw]) => [name, draw(all)]))
