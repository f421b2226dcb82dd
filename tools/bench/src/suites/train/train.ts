import { ratios } from '../../conclude.js'
import { processContenders } from '../../process-contender.js'
import type { Suite, SuiteOptions, Work } from '../../suite.js'
import { contendersOf } from './contenders.js'
import { type MaterialFolder, writeMaterial } from './material.js'
import { QUICK_TRAININGS, TRAININGS, type Training } from './models.js'

interface Variant {
  readonly suffix: string
  readonly threads: number
  readonly npm: boolean
}

/** `-npm`: with what npm brings alone, that is without OpenBLAS; such kernels have one thread. */
const VARIANTS: readonly Variant[] = [
  { suffix: '-1t', threads: 1, npm: false },
  { suffix: '-2t', threads: 2, npm: false },
  { suffix: '-npm-1t', threads: 1, npm: true },
]

function workOf(training: Training, { suffix, threads, npm }: Variant, { quick, say }: SuiteOptions): Work {
  const name = `${training.name}${suffix}`
  let folder: Promise<MaterialFolder> | undefined
  const material = async (): Promise<string> => {
    folder ??= writeMaterial(training)
    return (await folder).path
  }
  return {
    name,
    unit: 'steps/s',
    contenders: processContenders(contendersOf({ training, material, threads, npm, quick }), {
      checkStep: training.checkStep,
      quick,
      say,
      toValue: (stepsPerSecond) => stepsPerSecond,
    }),
    conclude: (measured) => ratios(name, 'levin', measured, 'more'),
    dispose: async () => (await folder)?.remove(),
  }
}

export const suite: Suite = {
  what: 'whole training steps of five models, beside tfjs, jax-js, PyTorch and PyTorch Lightning',
  works: (options) => {
    const trainings = options.quick ? QUICK_TRAININGS : TRAININGS
    return trainings.flatMap((training) => VARIANTS.map((variant) => workOf(training, variant, options)))
  },
}
