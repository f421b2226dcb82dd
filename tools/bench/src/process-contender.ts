import { type Command, ContenderProcess } from './contender-process.js'
import { type Contender, Refused, type Session } from './suite.js'

/** What contenders that run in processes of their own have in common. */
export interface ProcessWork {
  /** The step whose loss, or other number, all contenders must agree on. */
  readonly checkStep: number
  /** One step per round, and no warming up. */
  readonly quick: boolean
  /** Told what every contender runs on. */
  readonly say: (text: string) => void
  /** A measurement from steps per second. */
  readonly toValue: (stepsPerSecond: number) => number
}

export interface ProcessContender {
  readonly name: string
  /** @throws Absent if it cannot be had */
  readonly command: () => Command | Promise<Command>
  /** Looks at what it runs on. @throws Absent if that is not what is to be measured */
  readonly accept?: (about: string) => void
}

/** Relative: float32 sums in another order differ by less, another model or another update by much more. */
const TOLERANCE = 1e-3
/** How long one measurement takes, about; at least one step. */
const ROUND_SECONDS = 0.5
/** Steps before the first round: engines optimise what runs often. */
const WARMUP_SECONDS = 1.5

/** Contenders that must agree with the first of them that is here. */
export function processContenders(contenders: readonly ProcessContender[], work: ProcessWork): Contender[] {
  let first: { readonly name: string; readonly found: number } | undefined
  const agree = (name: string, found: number): void => {
    first ??= { name, found }
    if (Math.abs(found - first.found) <= TOLERANCE * Math.abs(first.found)) return
    throw new Refused(`it found ${found} at step ${work.checkStep}, where ${first.name} found ${first.found}.`)
  }
  return contenders.map(({ name, command, accept }) => ({
    name,
    prepare: async () => {
      const { contender, about } = await ContenderProcess.start(await command())
      try {
        work.say(`  ${name}: ${about}`)
        accept?.(about)
        const { found, secondsPerStep } = await comparedAt(work.checkStep, contender)
        agree(name, found)
        return await session(contender, secondsPerStep, work)
      } catch (error) {
        await contender.end()
        throw error
      }
    },
  }))
}

/** Lets a contender work until it has reported what is compared. */
async function comparedAt(
  checkStep: number,
  contender: ContenderProcess,
): Promise<{ found: number; secondsPerStep: number }> {
  let steps = checkStep
  let report = await contender.run(steps)
  // Those who read batches ahead have been given the batch of that step, and have yet to train on it.
  for (let ahead = 0; ahead < 4 && typeof report.check !== 'number'; ahead++) {
    steps = 1
    report = await contender.run(steps)
  }
  if (typeof report.check !== 'number') throw new Refused(`it reports no finite number at step ${checkStep}.`)
  return { found: report.check, secondsPerStep: report.seconds / steps }
}

async function session(
  contender: ContenderProcess,
  secondsPerStep: number,
  { quick, toValue }: ProcessWork,
): Promise<Session> {
  let perStep = secondsPerStep
  const stepsFor = (seconds: number): number => (quick ? 1 : Math.max(1, Math.round(seconds / perStep)))
  const warmUntil = performance.now() + WARMUP_SECONDS * 1000
  while (!quick && performance.now() < warmUntil) {
    const steps = stepsFor(WARMUP_SECONDS / 5)
    perStep = (await contender.run(steps)).seconds / steps
  }
  const steps = stepsFor(ROUND_SECONDS)
  return {
    measure: async () => toValue(steps / (await contender.run(steps)).seconds),
    dispose: () => contender.end(),
  }
}
