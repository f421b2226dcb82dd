/** `npm run bench -- <suite>`: tables on stderr as they come, and one line per conclusion on stdout at the end. */
import { writeFile } from 'node:fs/promises'
import { parseOptions, USAGE } from './options.js'
import { thisMachine } from './report.js'
import { runSuite } from './run-suite.js'
import { lineOf } from './suite.js'
import { SUITES } from './suites.js'

async function listSuites(): Promise<void> {
  console.log(`${USAGE}\n\nSuites:`)
  for (const [name, load] of Object.entries(SUITES)) console.log(`  ${name.padEnd(12)} ${(await load()).what}`)
}

async function main(args: readonly string[]): Promise<void> {
  const { suite: name, rounds, only, quick, without, json } = parseOptions(args)
  if (name === undefined) return listSuites()
  const load = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined
  if (!load) throw new Error(`there is no suite called '${name}'; known: ${Object.keys(SUITES).join(', ')}.`)
  const machine = thisMachine()
  console.error(`${name} on ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
  const strict = process.env['LEVIN_REQUIRE'] === 'all'
  const works = await runSuite(await load(), {
    rounds,
    only,
    quick,
    without,
    strict,
    say: (text) => console.error(text),
  })
  if (json) await writeFile(json, `${JSON.stringify({ suite: name, machine, works }, null, 2)}\n`)
  for (const conclusion of works.flatMap(({ conclusions }) => conclusions)) console.log(lineOf(conclusion))
  const refused = works.flatMap((work) => work.refused.map((contender) => `${work.name}/${contender}`))
  if (refused.length > 0) throw new Error(`these do not compute the same as the others: ${refused.join(', ')}.`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
