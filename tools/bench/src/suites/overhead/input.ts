import { cpu } from '@levin/accelerators'
import type { Accelerator, HostTensor, Loader, Staging } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { linear, relu, sequential } from '@levin/nn'
import { median } from '../../statistics.js'
import type { Contender, Work } from '../../suite.js'
import { Classifier } from './models.js'
import { plainTrainer } from './paired-steps.js'

const INPUTS = 784
const BATCH = 64

/** µs per step, by how its batch came to the device. */
interface InputTimes {
  readonly staged: number
  readonly copied: number
}

interface InputOptions {
  readonly samples: number
  readonly steps: number
}

const digits = (samples: number) =>
  fromArrays({
    inputs: {
      data: Float32Array.from({ length: samples * INPUTS }, (_, i) => (i * 7919) % 256),
      shape: [samples, INPUTS],
    },
    labels: Int32Array.from({ length: samples }, (_, i) => i % 10),
  })

/**
 * One run, whose batches are written into the accelerator's memory and into arrays in turn. What is timed is making a batch
 * and uploading it: the two ways meet the same machine and the same caches, that the steps between them have emptied.
 */
class TurnTaking implements Loader<unknown> {
  readonly times: { readonly staged: number[]; readonly copied: number[] } = { staged: [], copied: [] }
  readonly #loader: DataLoader<{ inputs: HostTensor; labels: HostTensor }>
  #uploading = 0

  constructor(samples: number) {
    this.#loader = new DataLoader(digits(samples), { batchSize: BATCH, shuffle: true, dropLast: true })
  }

  /** The accelerator with a clock on its uploads. */
  watched(accelerator: Accelerator): Accelerator {
    const upload = accelerator.upload.bind(accelerator)
    accelerator.upload = (host) => {
      const begin = performance.now()
      const tensor = upload(host)
      this.#uploading += performance.now() - begin
      return tensor
    }
    return accelerator
  }

  [Symbol.iterator](): Iterator<unknown> {
    throw new Error('The accelerator was to lend its memory.')
  }

  *iterateStaged(staging: Staging): Iterator<unknown> {
    const staged = this.#loader.iterateStaged?.(staging) as Iterator<unknown>
    const copied = this.#loader.iterateStaged?.(() => undefined) as Iterator<unknown>
    // A batch is made while the one before it waits to be uploaded: what was uploaded since is of the one before that.
    let before: { times: number[]; making: number } | undefined
    let last: typeof before
    for (let turn = 0; ; turn++) {
      const [from, times] =
        turn % 2 === 0 ? ([staged, this.times.staged] as const) : ([copied, this.times.copied] as const)
      if (before) before.times.push((before.making + this.#uploading) * 1000)
      this.#uploading = 0
      const begin = performance.now()
      const { value, done } = from.next()
      if (done) return
      before = last
      last = { times, making: performance.now() - begin }
      yield value
    }
  }

  setEpoch(epoch: number): void {
    this.#loader.setEpoch(epoch)
  }

  recycle(batch: unknown): void {
    this.#loader.recycle(batch as never)
  }
}

async function inputTimes({ samples, steps }: InputOptions): Promise<InputTimes> {
  const loader = new TurnTaking(samples)
  const module = new Classifier(sequential(linear(INPUTS, 256), relu(), linear(256, 256), relu(), linear(256, 10)))
  await plainTrainer(loader.watched(cpu()), steps).fit(module, { train: loader as Loader<never> })
  module.dispose()
  const settled = (times: number[]) => median(times.slice(Math.ceil(times.length / 5)))
  return { staged: settled(loader.times.staged), copied: settled(loader.times.copied) }
}

function contenders(options: InputOptions): Contender[] {
  const rounds: Promise<InputTimes>[] = []
  const contender = (name: keyof InputTimes): Contender => ({
    name,
    prepare: () => {
      let round = 0
      return {
        measure: async () => {
          rounds[round] ??= inputTimes(options)
          return (await rounds[round++]!)[name]
        },
      }
    },
  })
  return [contender('staged'), contender('copied')]
}

/** What it costs to bring a batch of a shuffled table to the device, within a real fit. */
export const inputWork = (quick: boolean): Work => ({
  name: 'input-mlp-256',
  unit: 'µs/step',
  contenders: contenders(quick ? { samples: 10 * BATCH, steps: 20 } : { samples: 600 * BATCH, steps: 1200 }),
  conclude: (measured) =>
    (['staged', 'copied'] as const).map((name) => ({
      kind: 'figure',
      name: `input-mlp-256/${name}`,
      value: median(measured.get(name) ?? []),
      unit: 'µs',
    })),
})
