import { expect, it } from 'vitest'
import { runTfjsSuiteHigh } from './tfjs-suite/run.js'

it('beyond the first 2 GiB of the heap tfjs’s own tests do what they do below', async () => {
  const { low, high } = await runTfjsSuiteHigh()
  expect(low.length).toBeGreaterThan(4_000)
  const outcome = (results: typeof low) => results.map(({ name, status }) => `${name}: ${status}`)
  expect(outcome(high)).toEqual(outcome(low))
})
