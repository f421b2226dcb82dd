import { ratios } from '../../conclude.js'
import type { Command } from '../../contender-process.js'
import { nodePeer } from '../../node-peer.js'
import { type ProcessContender, processContenders } from '../../process-contender.js'
import { median } from '../../statistics.js'
import type { Conclusion, Measured, Suite, SuiteOptions, Work } from '../../suite.js'
import { type MaterialFolder, writeMaterial } from '../train/material.js'
import { QUICK_TRAININGS, type Training } from '../train/models.js'
import { SCALED } from './trainings.js'

const WORKERS = 2

interface Workers {
  readonly devices: number
  readonly strategy?: string | readonly [string, object]
  /** Whether its collectives are timed, which costs a meeting more for each. */
  readonly timed?: boolean
  /** Trainings of that kind at the same time. */
  readonly copies?: number
}

/** The ceiling of a machine is what two trainings reach that have nothing to do with each other, at the same time. */
const CONTENDERS: Readonly<Record<string, Workers>> = {
  levin: { devices: WORKERS, strategy: 'ddp' },
  'two-independent': { devices: 1, copies: WORKERS },
  'one-worker': { devices: 1 },
}

const MORE: Readonly<Record<string, Workers>> = {
  'levin-timed': { devices: WORKERS, timed: true },
  // Two threads of one process that never talk to each other: what is lost before anything is exchanged.
  'threads-apart': { devices: WORKERS, strategy: ['ddp', { localSteps: 1_000_000_000 }] },
  'zero-1': { devices: WORKERS, strategy: ['zero', { stage: 1 }] },
  'zero-2': { devices: WORKERS, strategy: ['zero', { stage: 2 }] },
  'zero-3': { devices: WORKERS, strategy: ['zero', { stage: 3 }] },
}

const start = new URL('../../peers/scaling/start.ts', import.meta.url)

const command = (folder: string, { devices, strategy, timed = false }: Workers): Command =>
  nodePeer({
    script: start,
    args: [JSON.stringify({ folder, devices, timed }), JSON.stringify({ devices, ...(strategy ? { strategy } : {}) })],
  })

/** Where the time of a step goes, in µs: what is not spent in collectives is computed. */
class StepParts {
  readonly #rounds: { readonly compute: number; readonly waiting: number; readonly exchange: number }[] = []

  readonly add = ({ waiting = 0, exchange = 0 }: Readonly<Record<string, number>>, secondsPerStep: number): void => {
    this.#rounds.push({ compute: secondsPerStep - waiting - exchange, waiting, exchange })
  }

  conclude(name: string): Conclusion[] {
    if (this.#rounds.length === 0) return []
    return (['compute', 'exchange', 'waiting'] as const).map((part) => ({
      kind: 'figure',
      name: `${name}/${part}`,
      value: 1e6 * median(this.#rounds.map((round) => round[part])),
      unit: 'µs/step',
    }))
  }
}

function conclude(name: string, measured: Measured, parts: StepParts): Conclusion[] {
  const figures = [...measured].map(([contender, values]): Conclusion => {
    const quantity = contender === 'levin' ? 'samples' : `samples-${contender}`
    return { kind: 'figure', name: `${name}/${quantity}`, value: median(values), unit: 'samples/s' }
  })
  const peers = new Map([...measured].filter(([contender]) => Object.hasOwn(CONTENDERS, contender)))
  return [...figures, ...parts.conclude(name), ...ratios(name, 'levin', peers, 'more')]
}

function workOf(name: string, training: Training, { quick, say }: SuiteOptions): Work {
  let folder: Promise<MaterialFolder> | undefined
  const material = async (): Promise<string> => {
    folder ??= writeMaterial(training)
    return (await folder).path
  }
  const parts = new StepParts()
  const contenders = Object.entries({ ...CONTENDERS, ...MORE }).map(
    ([contender, workers]): ProcessContender => ({
      name: contender,
      command: async () => command(await material(), workers),
      copies: workers.copies ?? 1,
      worth: workers.devices,
      ...(workers.timed ? { onParts: parts.add } : {}),
    }),
  )
  return {
    name,
    unit: 'samples/s',
    contenders: processContenders(contenders, {
      checkStep: training.checkStep,
      quick,
      say,
      // What a step calls once is called some ten times a second: it takes long until the engine optimises it.
      warmupSeconds: 5,
      toValue: (stepsPerSecond) => stepsPerSecond * training.batch,
    }),
    conclude: (measured) => conclude(name, measured, parts),
    dispose: async () => (await folder)?.remove(),
  }
}

export const suite: Suite = {
  what: 'two workers of one training beside two trainings that have nothing to do with each other, and beside one',
  works: (options) =>
    Object.entries(SCALED).map(([name, training]) => {
      const quick = QUICK_TRAININGS.find(({ model }) => model.kind === training.model.kind)
      return workOf(name, options.quick && quick ? quick : training, options)
    }),
}
