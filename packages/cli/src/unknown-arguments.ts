import { nearestName } from '@levin/core'
import { type ArgsDef, parseArgs } from 'citty'

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/**
 * What is wrong with a command line that has more than the command takes: a mistyped option would change nothing, in silence.
 * `undefined` if there is nothing. Whatever else is wrong is found by the command itself.
 */
export function unknownArguments(command: string, argv: readonly string[], known: ArgsDef): string | undefined {
  const names = Object.entries(known).flatMap(([name, { type }]) => (type === 'positional' ? [] : [name]))
  const given = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
  for (const argument of given) {
    const flag = /^--?([A-Za-z][^=]*)/.exec(argument)?.[1]
    if (flag === undefined || names.includes(kebab(flag)) || isNegated(flag, known)) continue
    const near = nearestName(flag, names)
    const hint = near ? `Did you mean --${near}?` : `'levin ${command} --help' lists what it has.`
    return `levin ${command} has no option '${argument.split('=')[0]}'. ${hint}`
  }
  return surplus(command, argv, known)
}

const isNegated = (flag: string, known: ArgsDef): boolean =>
  flag.startsWith('no-') && known[flag.slice(3)]?.type === 'boolean'

function surplus(command: string, argv: readonly string[], known: ArgsDef): string | undefined {
  const places = Object.entries(known).filter(([, { type }]) => type === 'positional')
  // What is missing is found by the command itself.
  const optional = Object.fromEntries(Object.entries(known).map(([name, arg]) => [name, { ...arg, required: false }]))
  const { _: found } = parseArgs([...argv], optional as ArgsDef)
  const extra = found[places.length]
  if (extra === undefined) return undefined
  const takes = places.length ? `one ${places.map(([name]) => name).join(' and one ')}` : 'options only'
  return `levin ${command} takes ${takes}, and was given '${extra}' too. An option has two dashes: --name value.`
}
