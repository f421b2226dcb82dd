import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createService } from '@levin/example-training-service/service'
import { median } from '../../statistics.js'
import type { Contender, Suite, SuiteOptions, Work } from '../../suite.js'

const WORK = 'training-service'
const RESOLUTION = 1

interface View {
  readonly id: string
  readonly status: string
  readonly globalStep: number
}

/** A life of the service: a training is started, watched, stopped after some steps, resumed, and comes to its end. */
async function live(devices: number, steps: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'levin-service-'))
  const service = createService({ folder, most: 1 })
  const address = await service.listen({ port: 0, host: '127.0.0.1' })
  const call = async (method: string, path: string, body?: unknown): Promise<View> => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(address + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    return (await response.json()) as View
  }
  const until = async (id: string, holds: (view: View) => boolean): Promise<View> => {
    for (;;) {
      const view = await call('GET', `/trainings/${id}`)
      if (view.status === 'failed') throw new Error(`The training failed: ${JSON.stringify(view)}`)
      if (holds(view)) return view
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  try {
    const hparams = { maxEpochs: 2, limitTrainBatches: steps }
    const { id } = await call('POST', '/trainings', { devices, hparams })
    await until(id, ({ globalStep }) => globalStep > steps / 2)
    await call('POST', `/trainings/${id}/stop`)
    await call('POST', `/trainings/${id}/resume`)
    await until(id, ({ status }) => status === 'completed')
  } finally {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const contender = (devices: number, { quick }: SuiteOptions): Contender => ({
  name: devices === 1 ? 'one worker' : `${devices} workers`,
  prepare: async () => {
    // What is imported for the first time is imported before anybody asks.
    await live(devices, 4)
    return {
      measure: async () => {
        const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
        delays.enable()
        await live(devices, quick ? 6 : 40)
        delays.disable()
        return delays.max / 1e6
      },
    }
  },
})

const workOf = (options: SuiteOptions): Work => ({
  name: WORK,
  unit: 'ms',
  contenders: [contender(1, options), contender(2, options)],
  conclude: (measured) =>
    [...measured].map(([name, values]) => {
      const quantity = `longest-gap-${name.replace(' ', '-')}`
      return { kind: 'figure', name: `${WORK}/${quantity}`, value: median(values), unit: 'ms' } as const
    }),
})

/** The web service of the examples: how long its event loop is held up at most, with all of a training's life in it. */
export const suite: Suite = {
  what: 'the longest gap in the event loop of a web service that starts, watches, stops and resumes a training',
  works: (options) => [workOf(options)],
}
