import { installLine, PARTS, type Part, type PartName } from './parts.js'

const announced = new Set<string>()

/** `LEVIN_REQUIRE`: `all`, or names of parts separated by commas, without which a test may not be skipped. */
const isRequired = (name: string): boolean => {
  const required = (process.env['LEVIN_REQUIRE'] ?? '').split(',').map((each) => each.trim())
  return required.includes('all') || required.includes(name)
}

/**
 * Whether a real part is on this machine, for `describe.runIf(requirePart('openblas'))('…', …)`.
 *
 * Where it is absent, the skip is announced with the line that installs it. Where `LEVIN_REQUIRE` names it, as in
 * continuous integration, its absence is an error: nothing is skipped there.
 */
export function requirePart(name: PartName): boolean {
  const part: Part = PARTS[name]
  if (part.isPresent()) return true
  const message = `'${name}' is absent (${part.what}). To install it: ${installLine(name)}`
  if (isRequired(name))
    throw new Error(`${message}. LEVIN_REQUIRE=${process.env['LEVIN_REQUIRE']} forbids to skip its tests.`)
  if (!announced.has(name)) console.warn(`SKIPPED: ${message}`)
  announced.add(name)
  return false
}
