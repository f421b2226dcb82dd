import { type Command, ContenderProcess, type Report } from './contender-process.js'
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
  /** How long each works before the first round. Default 1.5: engines optimise what runs often. */
  readonly warmupSeconds?: number
}

export interface ProcessContender {
  readonly name: string
  /** @throws Absent if it cannot be had */
  readonly command: () => Command | Promise<Command>
  /** Looks at what it runs on. @throws Absent if that is not what is to be measured */
  readonly accept?: (about: string) => void
  /** Processes of it that work at the same time, each by itself; their speeds are added up. Default 1. */
  readonly copies?: number
  /** What a step of it counts as, where those of others count 1: ranks that work on one step together. Default 1. */
  readonly worth?: number
  /** Told of what else a measurement reports, per step and process. */
  readonly onParts?: (parts: Readonly<Record<string, number>>, secondsPerStep: number) => void
}

/** Relative: float32 sums in another order differ by less, another model or another update by much more. */
const TOLERANCE = 1e-3
/** How long one measurement takes, about; at least one step. */
const ROUND_SECONDS = 0.5
const WARMUP_SECONDS = 1.5

/** Contenders that must agree with the first of them that is here. */
export function processContenders(contenders: readonly ProcessContender[], work: ProcessWork): Contender[] {
  let first: { readonly name: string; readonly found: number } | undefined
  const agree = (name: string, found: number): void => {
    first ??= { name, found }
    if (Math.abs(found - first.found) <= TOLERANCE * Math.abs(first.found)) return
    throw new Refused(`it found ${found} at step ${work.checkStep}, where ${first.name} found ${first.found}.`)
  }
  return contenders.map((contender) => ({
    name: contender.name,
    prepare: async () => {
      const team = await Team.start(contender, work)
      try {
        const { found, secondsPerStep } = await team.comparedAt(work.checkStep)
        agree(contender.name, found)
        return await session(team, secondsPerStep, contender, work)
      } catch (error) {
        await team.end()
        throw error
      }
    },
  }))
}

/** The processes of one contender. */
class Team {
  readonly #members: readonly ContenderProcess[]

  private constructor(members: readonly ContenderProcess[]) {
    this.#members = members
  }

  static async start({ name, command, accept, copies = 1 }: ProcessContender, { say }: ProcessWork): Promise<Team> {
    const members: ContenderProcess[] = []
    try {
      while (members.length < copies) {
        const { contender, about } = await ContenderProcess.start(await command())
        members.push(contender)
        if (members.length === 1) say(`  ${name}: ${about}`)
        accept?.(about)
      }
      return new Team(members)
    } catch (error) {
      for (const member of members) await member.end()
      throw error
    }
  }

  async run(steps: number): Promise<Work> {
    const reports = await Promise.all(this.#members.map((member) => member.run(steps)))
    const [first] = reports as [Report]
    return {
      stepsPerSecond: reports.reduce((sum, { seconds }) => sum + steps / seconds, 0),
      secondsPerStep: first.seconds / steps,
      check: first.check,
      parts: Object.fromEntries(Object.entries(first.parts ?? {}).map(([name, seconds]) => [name, seconds / steps])),
    }
  }

  /** Works until what is compared has been reported. */
  async comparedAt(checkStep: number): Promise<{ found: number; secondsPerStep: number }> {
    let report = await this.run(checkStep)
    // Those who read batches ahead have been given the batch of that step, and have yet to train on it.
    for (let ahead = 0; ahead < 4 && typeof report.check !== 'number'; ahead++) report = await this.run(1)
    if (typeof report.check !== 'number') throw new Refused(`it reports no finite number at step ${checkStep}.`)
    return { found: report.check, secondsPerStep: report.secondsPerStep }
  }

  async end(): Promise<void> {
    for (const member of this.#members) await member.end()
  }
}

interface Work {
  /** Of all processes together. */
  readonly stepsPerSecond: number
  readonly secondsPerStep: number
  readonly check: number | null | undefined
  readonly parts: Readonly<Record<string, number>>
}

async function session(
  team: Team,
  secondsPerStep: number,
  { onParts, worth = 1 }: ProcessContender,
  { quick, toValue, warmupSeconds = WARMUP_SECONDS }: ProcessWork,
): Promise<Session> {
  let perStep = secondsPerStep
  const stepsFor = (seconds: number): number => (quick ? 1 : Math.max(1, Math.round(seconds / perStep)))
  const warmUntil = performance.now() + warmupSeconds * 1000
  while (!quick && performance.now() < warmUntil) perStep = (await team.run(stepsFor(warmupSeconds / 5))).secondsPerStep
  const steps = stepsFor(ROUND_SECONDS)
  return {
    measure: async () => {
      const { stepsPerSecond, secondsPerStep, parts } = await team.run(steps)
      onParts?.(parts, secondsPerStep)
      return toValue(stepsPerSecond * worth)
    },
    dispose: () => team.end(),
  }
}
