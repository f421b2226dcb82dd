import '@tensorflow/tfjs-backend-cpu'
import {
  CurrentBackend,
  type HostTensor,
  type Logger,
  type MetricRow,
  type NumericType,
  type Optimizer,
  type Parameter,
  type SharedSaves,
} from '@levin/core'
import { keep, ready, scalar, tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  acceleratorCases,
  type ConformanceCase,
  checkpointIOCases,
  conformanceCases,
  type KeptRow,
  loggerCases,
  MemoryCheckpoints,
  optimizerCases,
  PlainSgd,
} from '../src/index.js'

beforeAll(() => ready())

function memory(shape: readonly number[], dtype: NumericType): HostTensor {
  const length = shape.reduce((product, size) => product * size, 1)
  const Values = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype]
  return { data: new Values(length), shape, dtype }
}

/** Names of the cases that fail. */
async function failures(cases: readonly ConformanceCase[]): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of cases) await run().catch(() => failed.push(name))
  return failed
}

describe('known failures', () => {
  const bodies = {
    good: () => {},
    bad: () => {
      throw new Error('no')
    },
  }

  test('a case that is known to fail must fail', async () => {
    const cases = conformanceCases(bodies, { knownFailures: { bad: 'not yet', good: 'never checked' } })
    expect(cases.map(({ name }) => name)).toEqual([
      'good [known failure: never checked]',
      'bad [known failure: not yet]',
    ])
    await expect(cases[0]?.run()).rejects.toThrow("'good' passes now: drop it from knownFailures")
    await cases[1]?.run()
  })

  test('a name that is no case is refused', () => {
    expect(() => conformanceCases(bodies, { knownFailures: { gone: 'renamed' } })).toThrow("'gone', which is no case")
  })
})

describe('the cases find what is wrong with', () => {
  test('an accelerator that hands out the buffer of the host', async () => {
    class Sharing extends CurrentBackend {
      override upload({ data, shape, dtype }: HostTensor) {
        return tensor(data, [...shape], dtype)
      }
    }
    expect(await failures(acceleratorCases({ create: () => new Sharing() }))).toEqual([
      'has copied what it uploads: the host may reuse the buffer',
    ])
  })

  test('an accelerator that leaks and one whose random numbers are its own', async () => {
    class Leaking extends CurrentBackend {
      override upload(host: HostTensor) {
        keep(scalar(1))
        return super.upload(host)
      }
      drawUniform() {
        return tensor([0.5])
      }
    }
    expect(await failures(acceleratorCases({ create: () => new Leaking() }))).toEqual([
      'draws the same random bits as the host',
      'leaves no tensor behind',
      'reports memory, statistics and its fingerprint',
    ])
  })

  test('an accelerator that shows staged memory after its upload, and one that takes it from the tensor', async () => {
    class Staging extends CurrentBackend {
      override upload(host: HostTensor) {
        // The backend keeps the array that it is given: this is its memory.
        return 'release' in host ? tensor(host.data, [...host.shape], host.dtype) : super.upload(host)
      }
    }
    class Showing extends Staging {
      stage(shape: readonly number[], dtype: NumericType) {
        return { ...memory(shape, dtype), release() {} }
      }
    }
    class Taking extends Staging {
      stage(shape: readonly number[], dtype: NumericType) {
        const { data } = memory(shape, dtype)
        let uploaded = false
        return {
          shape,
          dtype,
          get data() {
            return uploaded ? data.subarray(0, 0) : data
          },
          release() {
            uploaded = true
            data.fill(0)
          },
        }
      }
    }
    const staged = [
      'makes a tensor of what was staged, wherever its memory has moved',
      'takes staged memory back once, and never from a tensor',
    ]
    expect(await failures(acceleratorCases({ create: () => new Showing() }))).toEqual(staged)
    expect(await failures(acceleratorCases({ create: () => new Taking() }))).toEqual(staged)
  })

  test('an optimizer that forgets the scale, and one that disposes gradients', async () => {
    class NoScale extends PlainSgd {
      override step(gradients: Parameters<Optimizer['step']>[0]) {
        super.step(gradients)
      }
    }
    class Greedy extends PlainSgd {
      override step(...[gradients, options]: Parameters<Optimizer['step']>) {
        super.step(gradients, options)
        for (const gradient of gradients.values()) gradient.dispose()
      }
    }
    const of = (Kind: typeof PlainSgd) =>
      optimizerCases({
        create: (parameters: readonly Parameter[], { learningRate }) => new Kind(parameters, learningRate),
      })
    expect(await failures(of(NoScale))).toEqual([
      'scales gradients by a number or by a scalar on the device',
      'clips by value after scaling',
    ])
    expect(await failures(of(Greedy))).toContain('changes parameters in place, and gradients not at all')
  })

  test('checkpoints that are replaced before they are whole', async () => {
    class Hasty extends MemoryCheckpoints {
      override async save(...[location, content]: Parameters<MemoryCheckpoints['save']>) {
        await super.save(location, { ...content, model: [] })
        await super.save(location, content)
      }
    }
    const shared = new Hasty()
    let count = 0
    expect(await failures(checkpointIOCases({ create: () => shared, folder: () => `f${count++}` }))).toEqual([
      'replaces a checkpoint only by a whole one',
      'leaves nothing behind when a first save fails',
      'keeps what is there, where it is told to, also from several at once',
      'refuses slices that leave a gap, and names the tensor',
    ])
  })

  test('checkpoints of several ranks that are completed without looking at the parts', async () => {
    class Careless extends MemoryCheckpoints {
      override readonly shared: SharedSaves = {
        ...new MemoryCheckpoints().shared,
        complete: (location, content) => this.save(location, { ...content, model: [] }),
      }
    }
    const shared = new Careless()
    let count = 0
    expect(await failures(checkpointIOCases({ create: () => shared, folder: () => `f${count++}` }))).toEqual([
      'makes of the parts of several ranks what one rank saves',
      'makes a checkpoint only of all parts of one save',
      'keeps what is there from a shared save, where it is told to',
    ])
  })

  test('a logger that keeps the object it was given, drops NaN, and rewinds too far', async () => {
    class Careless implements Logger {
      readonly name = 'careless'
      readonly version = '0'
      rows: KeptRow[] = []
      setup() {}
      logMetrics(metrics: MetricRow, { globalStep, epoch }: { globalStep: number; epoch: number }) {
        if (Object.values(metrics).some(Number.isNaN)) return
        this.rows.push({ step: globalStep, epoch, metrics })
      }
      logHyperparameters() {}
      position() {
        return { rows: this.rows.length }
      }
      rewind() {
        this.rows = []
      }
      finalize() {}
    }
    const cases = loggerCases({
      create: () => new Careless(),
      rows: (logger) => (logger as Careless).rows,
      durable: false,
    })
    expect(await failures(cases)).toEqual([
      'keeps rows in order, with NaN, infinities and names of all kinds',
      'has copied a row once logMetrics returns',
      'has everything after flush, should the process end then',
      'drops what came after a position, and nothing else',
    ])
  })
})
