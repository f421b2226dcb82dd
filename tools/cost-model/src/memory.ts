/** Bytes per rank at the peak of a step, for parameters in single precision trained by Adam; activations come on top. */
export interface State {
  readonly parameters: number
  readonly ranks: number
  /** Parameters of the largest unit of stage 3. */
  readonly unit: number
}

/** Parameters of a bucket, as `zero` has it if not told otherwise. */
const BUCKET = 2 ** 20

/** As on the page of `@levin/strategies`, where they are held against measurements. */
const SPREAD = {
  ddp: ({ parameters }: State) => 16 * parameters,
  'zero 1': ({ parameters, ranks }: State) => 8 * parameters + (8 * parameters) / ranks,
  'zero 2': ({ parameters, ranks }: State) =>
    4 * parameters + Math.max((16 * parameters) / ranks, (12 * parameters) / ranks + 4 * BUCKET),
  'zero 3': ({ parameters, ranks, unit }: State) => (16 * parameters) / ranks + 8 * unit,
}

export type Spread = keyof typeof SPREAD

export const SPREADS = Object.keys(SPREAD) as readonly Spread[]

/** One rank has nobody to spread anything over. */
export const bytesOf = (strategy: Spread, state: State): number => SPREAD[state.ranks === 1 ? 'ddp' : strategy](state)

/** The most parameters whose state fits into `bytes` per rank. Units are a part of the whole, such as 1 / 24. */
export function mostParameters(strategy: Spread, ranks: number, bytes: number, unitShare: number): number {
  let [least, most] = [0, bytes]
  while (most - least > 1) {
    const parameters = (least + most) / 2
    if (bytesOf(strategy, { parameters, ranks, unit: parameters * unitShare }) <= bytes) least = parameters
    else most = parameters
  }
  return least
}
