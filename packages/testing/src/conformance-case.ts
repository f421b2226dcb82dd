/** One check of a contract, for any test runner: `test(name, run)`. */
export interface ConformanceCase {
  readonly name: string
  run(): Promise<void>
}

/** What every harness may say. */
export interface KnownFailures {
  /** Names of cases that are known to fail, with the reason. A listed case must fail, or the list is stale. */
  readonly knownFailures?: Readonly<Record<string, string>>
}

/** Cases by name, with those that must fail turned round. */
export function conformanceCases(
  bodies: Readonly<Record<string, () => void | Promise<void>>>,
  { knownFailures = {} }: KnownFailures = {},
): ConformanceCase[] {
  const unknown = Object.keys(knownFailures).find((name) => !Object.hasOwn(bodies, name))
  if (unknown !== undefined) throw new Error(`knownFailures names '${unknown}', which is no case here.`)
  return Object.entries(bodies).map(([name, body]) => {
    const run = async () => body()
    const reason = knownFailures[name]
    return reason === undefined ? { name, run } : mustFail({ name, run }, reason)
  })
}

function mustFail({ name, run }: ConformanceCase, reason: string): ConformanceCase {
  return {
    name: `${name} [known failure: ${reason}]`,
    run: async () => {
      const failed = await run().then(
        () => false,
        () => true,
      )
      if (!failed) throw new Error(`'${name}' passes now: drop it from knownFailures (${reason}).`)
    },
  }
}
