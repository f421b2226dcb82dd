import { cpu } from '@levin/accelerators'
import type { MeasuredModule } from '../../peers/bare-loop.js'
import { median } from '../../statistics.js'
import type { Contender, Suite, Work } from '../../suite.js'
import { inputWork } from './input.js'
import { batchOf, NoOp, smallMlp } from './models.js'
import { pairedSteps, type StepTimes } from './paired-steps.js'

interface Model {
  readonly name: string
  readonly create: () => MeasuredModule
  readonly samples: number
  /** Pairs of steps per round: about half a second's worth. */
  readonly steps: number
}

const MODELS: readonly Model[] = [
  { name: 'trainer-step', create: () => new NoOp(), samples: 1, steps: 3000 },
  { name: 'trainer-step-mlp', create: smallMlp, samples: 32, steps: 2000 },
]

const DIFFERENCE = 'difference'

/** The Trainer and the bare loop are timed in one run, in alternation; each contender hands out its part of the round. */
function contenders({ create, samples, steps }: Model): Contender[] {
  const accelerator = cpu()
  const rounds: Promise<StepTimes>[] = []
  const contender = (name: string, which: keyof StepTimes): Contender => ({
    name,
    prepare: () => {
      let round = 0
      return {
        measure: async () => {
          const batch = batchOf(samples)
          rounds[round] ??= pairedSteps({ accelerator, create, batch, steps, warmup: Math.ceil(steps / 5) })
          return (await rounds[round++]!)[which]
        },
      }
    },
  })
  return [contender('trainer', 'trainer'), contender('bare-loop', 'bare'), contender(DIFFERENCE, 'difference')]
}

const workOf = (model: Model): Work => ({
  name: model.name,
  unit: 'µs/step',
  contenders: contenders(model),
  conclude: (measured) => [
    { kind: 'figure', name: `${model.name}/bare-loop`, value: median(measured.get(DIFFERENCE) ?? []), unit: 'µs' },
  ],
})

/** What the Trainer adds to a step, with no callbacks and no logger, and what its batch costs. */
export const suite: Suite = {
  what: "what the Trainer adds to a step: no callbacks, no logger, over a hand-written loop; 'no-op' and real model; and what its batch costs",
  works: ({ quick }) => [...MODELS.map((model) => workOf(quick ? { ...model, steps: 20 } : model)), inputWork(quick)],
}
