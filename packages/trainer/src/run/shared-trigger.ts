import { isInexact, type RunContext, type Trigger, type TriggerMoment, TriggerState } from '@levin/core'

/**
 * A trigger that fires on all ranks at the same moments, since validation, checkpoints and stops are things that they do together.
 * What goes by the clock of a run is the same everywhere; of what goes by the clock on the wall, global rank zero's counts.
 */
export class SharedTrigger {
  readonly #state: TriggerState
  readonly #asks: boolean

  constructor(trigger: Trigger, { platform, rank }: Pick<RunContext, 'platform' | 'rank'>) {
    this.#state = new TriggerState(trigger, platform.now)
    this.#asks = rank.worldSize > 1 && isInexact(trigger)
  }

  fires(run: Pick<RunContext, 'clock' | 'broadcast'>, moment: TriggerMoment): boolean | Promise<boolean> {
    const fires = this.#state.fires(run.clock, moment)
    return this.#asks ? run.broadcast(fires) : fires
  }
}
