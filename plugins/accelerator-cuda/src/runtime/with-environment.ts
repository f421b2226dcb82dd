/** Variables of the environment for one call; `undefined` leaves a variable as it is. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Calls `body` with variables set, and puts them back: what TensorFlow reads once, while it starts, is not for the processes
 * that this one starts later.
 */
export async function withEnvironment<T>(variables: Variables, body: () => T | Promise<T>): Promise<T> {
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const before = set.map(([name]) => [name, process.env[name]] as const)
  for (const [name, value] of set) process.env[name] = value
  try {
    return await body()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
