/** One who does the work: ours, or a peer. Prepared once; then asked for one measurement per round. */
export interface Contender {
  readonly name: string
  /**
   * Builds what is measured: models, data, weights. Its time does not count.
   *
   * @throws Absent if the contender cannot be had on this machine.
   */
  prepare(): Session | Promise<Session>
}

/** A contender that is ready. */
export interface Session {
  /** One measurement, in the unit of the work. */
  measure(): number | Promise<number>
  /** Frees what `prepare` made. */
  dispose?(): void | Promise<void>
}

/** The same work, done by several contenders in turn. */
export interface Work {
  /** Lower case, as in `mlp-256-1t`. */
  readonly name: string
  /** Of every measurement: `µs/step`, `steps/s`, `GFLOP/s`. */
  readonly unit: string
  readonly contenders: readonly Contender[]
  /** What is concluded from the measurements. Contenders that were skipped are missing. */
  conclude(measured: Measured): readonly Conclusion[]
  /** Frees what all contenders shared. */
  dispose?(): void | Promise<void>
}

/** The measurements of each contender by name; those at the same index were taken in the same round. */
export type Measured = ReadonlyMap<string, readonly number[]>

/** One final line. */
export type Conclusion = Ratio | Figure

/** Ours over a peer's; bigger is better for us. `name` is `<work>/<peer>`. */
export interface Ratio {
  readonly kind: 'ratio'
  readonly name: string
  readonly value: number
}

/** A quantity of ours alone. `name` is `<work>/<quantity>`. */
export interface Figure {
  readonly kind: 'figure'
  readonly name: string
  readonly value: number
  readonly unit: string
}

export interface SuiteOptions {
  /** Whether everything runs and agrees, not how fast: the smallest sizes. */
  readonly quick: boolean
  /** Told of what is found out on the way. */
  readonly say: (text: string) => void
}

/** What `npm run bench -- <name>` runs. */
export interface Suite {
  readonly what: string
  works(options: SuiteOptions): readonly Work[] | Promise<readonly Work[]>
}

/** A contender or a part of the machine that is not here. Said aloud; under `LEVIN_REQUIRE=all` it fails the run. */
export class Absent extends Error {
  override readonly name = 'Absent'

  /** @param remedy the line that would change it, unless the reason says it */
  constructor(reason: string, remedy?: string) {
    super(remedy === undefined ? reason : `${reason} ${remedy}`)
  }
}

/** A contender that is here and does not do the same work: its speed says nothing. The run goes on, and fails. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** The line that a reader, or a program, finds at the end. */
export const lineOf = (conclusion: Conclusion): string =>
  conclusion.kind === 'ratio'
    ? `RATIO ${conclusion.name} ${significant(conclusion.value)}`
    : `FIGURE ${conclusion.name} ${significant(conclusion.value)} ${conclusion.unit}`

/** Three significant digits, and never an exponent. */
export const significant = (value: number): string => {
  if (!Number.isFinite(value) || value === 0) return `${value}`
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(digits)
}
