import { cpu } from '@levin/accelerators'
import {
  engineMemory,
  hostTensor,
  type Layer,
  Module,
  type Parameter,
  type StepContext,
  type TrainingStep,
} from '@levin/core'
import {
  batchNorm,
  crossEntropy,
  embedding,
  gelu,
  layerNorm,
  linear,
  mse,
  positionalEmbedding,
  relu,
  sequential,
  transformerBlock,
} from '@levin/nn'
import { adamW, sgd } from '@levin/optim'
import { Trainer } from '@levin/trainer'
import { matMul, reshape, type Scalar, type Tensor, zeros } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { ALONE } from '../src/planner/layout.js'
import { measureLayers } from '../src/planner/measure/layers.js'
import { MeasuringStrategy } from '../src/planner/measure/measuring-strategy.js'
import type { MeasuredModel } from '../src/planner/measured-model.js'
import { planMemory } from '../src/planner/memory.js'

interface Batch {
  readonly x: Tensor
  readonly y: Tensor
}

const accelerator = cpu()
beforeAll(() => accelerator.setup())

const quiet = {
  accelerator,
  loggers: false,
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
  limitValBatches: 0,
} as const

/** Modules of all kinds, whatever their batches are. */
type AnyModule = Module<unknown>

async function measure(module: AnyModule, batches: readonly object[], options = {}): Promise<MeasuredModel> {
  const before = engineMemory()
  const strategy = new MeasuringStrategy({ runs: 1, ...options })
  await new Trainer({ ...quiet, strategy, maxEpochs: 1, limitTrainBatches: 1 }).fit(module, { train: batches })
  // Nothing has kept its values, and nothing is left.
  expect(module.parameters().some(({ isMaterialised }) => isMaterialised)).toBe(false)
  module.dispose()
  expect(engineMemory()).toEqual(before)
  return strategy.measured
}

const TIME = 16
const tokens = () =>
  hostTensor(
    Int32Array.from({ length: 4 * TIME }, (_, index) => index % 50),
    [4, TIME],
  )
const texts = (count: number) => Array.from({ length: count }, () => ({ x: tokens(), y: tokens() }))

/** Embeddings and the head are outside of the chain. */
class Gpt extends Module<Batch> {
  readonly tokens = embedding(50, 64)
  readonly positions = positionalEmbedding(TIME, 64)
  readonly blocks
  readonly head = linear(64, 50)

  constructor(blocks = 4) {
    super()
    this.blocks = sequential(...Array.from({ length: blocks }, () => transformerBlock(64, 4, { causal: true })))
  }

  trainingStep({ x, y }: Batch, step: TrainingStep): Scalar {
    const embedded = this.positions.forward(this.tokens.forward(x as never, step) as never, step)
    const loss = crossEntropy(
      this.head.forward(this.blocks.forward(embedded as never, step) as never, step) as never,
      y,
    )
    step.log('train/loss', loss)
    return loss
  }

  configureOptimizers() {
    return adamW(this.parameters())
  }
}

const vectors = (count: number, width = 12) =>
  Array.from({ length: count }, () => ({ x: hostTensor(new Float32Array(8 * width).fill(0.5), [8, width]) }))

abstract class Regression extends Module<{ x: Tensor }> {
  abstract run(x: Tensor, step: StepContext): Tensor

  trainingStep({ x }: { x: Tensor }, step: TrainingStep): Scalar {
    const y = this.run(x, step)
    return mse(y, zeros(y.shape as [number, number]))
  }

  configureOptimizers() {
    return sgd(this.parameters(), { learningRate: 0.1, momentum: 0.9 })
  }
}

class Wide extends Regression {
  readonly net = sequential(linear(12, 4096), relu(), linear(4096, 4096), relu(), linear(4096, 12))

  run(x: Tensor, step: StepContext) {
    return this.net.forward(x as never, step) as Tensor
  }
}

describe('a module is measured', () => {
  test('before its chain, layer by layer, and after it, with the parameters of each', async () => {
    const measured = await measure(new Gpt() as AnyModule, texts(1))
    const paths = (piece: { parameters: readonly { path: string }[] } | undefined) =>
      piece?.parameters.map(({ path }) => path)
    expect(paths(measured.before)).toEqual(['tokens.weight', 'positions.weight'])
    expect(measured.layers.map(({ name }) => name)).toEqual(['blocks.0', 'blocks.1', 'blocks.2', 'blocks.3'])
    for (const layer of measured.layers) {
      expect(layer.outputShape).toEqual([4, TIME, 64])
      expect([layer.inputBytes, layer.outputBytes]).toEqual([4 * 4 * TIME * 64, 4 * 4 * TIME * 64])
      expect(layer.parameters).toHaveLength(16)
      expect(layer.attention).toEqual([{ heads: 4, bytes: 2 * 4 * 4 * TIME * 64 }])
      expect(layer.forward).toBeGreaterThan(0)
      expect(layer.backward).toBeGreaterThan(0)
      // Queries, keys, values, what attention and the two linear layers get and give: more than ten times the output.
      expect(layer.innerBytes).toBeGreaterThan(10 * layer.outputBytes)
    }
    expect(paths(measured.layers[2])?.[0]).toBe('blocks.2.norm1.weight')
    expect(paths(measured.after)).toEqual(['head.weight', 'head.bias'])
    expect(measured.batch).toEqual({ samples: 4, bytes: 2 * 4 * 4 * TIME })
    expect(measured.optimizer).toMatchObject({ name: 'adamW', slots: 2, sharding: 'element' })
  })

  test('one layer at a time: the heap never holds the model', async () => {
    const module = new Wide()
    await accelerator.setup()
    const before = accelerator.memory().peak ?? 0
    const measured = await measure(module as AnyModule, vectors(1))
    const most = (accelerator.memory().peak ?? 0) - before
    const bytes = 4 * module.parameters().reduce((sum, { size }) => sum + size, 0)
    // The largest layer with its gradient is nearly all of the model; the others are not there beside it.
    expect(most).toBeLessThan(2.2 * bytes)
    expect(measured.layers).toHaveLength(5)
    expect(measured.before).toBeUndefined()
    expect(measured.optimizer.slots).toBe(1)
  })

  test('as a whole where nothing says where to cut, with the reason', async () => {
    class Two extends Regression {
      readonly first = sequential(linear(12, 12), relu())
      readonly second = sequential(linear(12, 12), relu())
      run(x: Tensor, step: StepContext) {
        return this.second.forward(this.first.forward(x as never, step) as never, step) as Tensor
      }
    }
    const { layers, uncut } = await measure(new Two() as AnyModule, vectors(1))
    expect(layers.map(({ name, parameters }) => [name, parameters.length])).toEqual([['the whole step', 4]])
    expect(uncut).toMatch(/'first', 'second'.*stages\(\)/)
  })

  test('by its own stages', async () => {
    class Staged extends Regression {
      readonly layers = [linear(12, 8), batchNorm(8), linear(8, 6), linear(6, 2)] as unknown as Layer<Tensor, Tensor>[]
      stages() {
        return [this.layers.slice(0, 2), this.layers.slice(2)]
      }
      run(x: Tensor, step: StepContext) {
        return this.layers.reduce((value, layer) => layer.forward(value, step), x)
      }
    }
    const { stages, layers, uncut } = await measure(new Staged() as AnyModule, vectors(1))
    expect(stages).toEqual([2, 2])
    expect(uncut).toBeUndefined()
    expect(layers.map(({ outputShape, buffers }) => [outputShape, buffers])).toEqual([
      [[8, 8], 0],
      [[8, 8], 16],
      [[8, 6], 0],
      [[8, 2], 0],
    ])
  })

  test('with a table that is the output of the model too', async () => {
    class Tied extends Module<Batch> {
      readonly net = sequential(embedding(50, 16), layerNorm(16))
      trainingStep({ x, y }: Batch, step: TrainingStep): Scalar {
        const table = (this.net.layers[0] as unknown as { weight: Parameter }).weight
        const h = this.net.forward(x as never, step) as Tensor
        return crossEntropy(matMul(reshape(h, [-1, 16]), table.value, false, true) as never, reshape(y, [-1]))
      }
      readonly again = { table: this.net.layers[0] }
      configureOptimizers() {
        return sgd(this.parameters(), { learningRate: 0.1 })
      }
    }
    const { layers, after, optimizer } = await measure(new Tied() as AnyModule, texts(1))
    const [first] = layers
    expect(first?.parameters.map(({ path }) => path)).toEqual(after?.parameters.map(({ path }) => path))
    expect(optimizer.slots).toBe(0)
  })

  test('a chain that a step calls twice is refused with what to do', async () => {
    class Siamese extends Regression {
      readonly net = sequential(linear(12, 12))
      run(x: Tensor, step: StepContext) {
        return this.net.forward(this.net.forward(x as never, step) as never, step) as Tensor
      }
    }
    const strategy = new MeasuringStrategy({ runs: 1 })
    const module = new Siamese()
    await expect(
      new Trainer({ ...quiet, strategy, maxEpochs: 1, limitTrainBatches: 1 }).fit(module as AnyModule, {
        train: vectors(1),
      }),
    ).rejects.toThrow(/not called once in a step.*one call of 'net.0', found 2.*stages\(\)/)
    module.dispose()
  })

  test('nothing is measured before a Trainer has come to a step', () => {
    expect(() => new MeasuringStrategy().measured).toThrow(/no training batch/)
    expect(() => new MeasuringStrategy().accelerator).toThrow(/fit\(\)/)
  })
})

describe('layers', () => {
  test('that are alike run once; those that differ in anything that can be seen do not', async () => {
    let runs = 0
    const counted = (layer: Layer<Tensor, Tensor>) => {
      const compute = layer.compute.bind(layer)
      Object.defineProperty(layer, 'compute', {
        value: (input: Tensor, step: StepContext) => {
          runs++
          return compute(input, step)
        },
      })
      return layer
    }
    const runsOf = async (...layers: unknown[]) => {
      runs = 0
      const input = zeros([2, 8])
      const { output, layers: measured } = await measureLayers(
        layers.map((each) => counted(each as never)) as never,
        input,
        {
          accelerator,
          runs: 1,
        },
      )
      expect(measured).toHaveLength(layers.length)
      ;(output as Tensor).dispose()
      input.dispose()
      return runs
    }
    const once = await runsOf(linear(8, 8))
    expect(await runsOf(linear(8, 8), linear(8, 8), linear(8, 8))).toBe(once)
    expect(await runsOf(linear(8, 8), linear(8, 8, { bias: false }))).toBe(2 * once)
    expect(await runsOf(linear(8, 6), linear(6, 8), linear(8, 6))).toBe(2 * once)
    expect(await runsOf(relu(), gelu())).toBe(2 * once)
  })

  test('that fail name themselves, and leave nothing behind', async () => {
    const before = engineMemory()
    const input = zeros([2, 8])
    await expect(measureLayers([linear(8, 8), linear(7, 8)] as never, input, { accelerator })).rejects.toThrow(
      /Linear\(7 → 8\)/,
    )
    input.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('that are shared say how ranks divide them', async () => {
    const [first, second] = [linear(8, 32), linear(32, 8)]
    const weight = (layer: object) => (layer as { weight: Parameter }).weight
    weight(first).split = { axis: 1, unit: 8 }
    weight(second).split = { axis: 0 }
    const input = zeros([2, 8])
    const { layers, output } = await measureLayers([sequential(first, relu(), second) as never], input, {
      accelerator,
      runs: 1,
    })
    expect(layers[0]?.sums).toEqual([4 * 2 * 8])
    expect(layers[0]?.parameters.map(({ units }) => units)).toEqual([4, undefined, 32, undefined])
    // The first layer and the one behind it give parts: 64 of 72 numbers of each sample.
    expect(layers[0]?.dividedPart).toBeCloseTo(64 / 72, 10)
    ;(output as Tensor).dispose()
    input.dispose()
  })
})

describe('the memory that is planned for one worker is what a fit takes', () => {
  test.each([
    ['a transformer', () => new Gpt(6), texts, 1],
    ['a transformer that accumulates', () => new Gpt(6), texts, 3],
    ['wide layers', () => new Wide(), vectors, 1],
    ['wide layers that accumulate', () => new Wide(), vectors, 2],
  ] as const)('%s', async (_what, create, batches, microBatches) => {
    const measured = await measure(create() as AnyModule, batches(1))
    const [planned] = planMemory({ ...ALONE, microBatches }, measured)
    const module = create() as AnyModule
    const device = cpu()
    await device.setup()
    const before = device.memory().peak ?? 0
    await new Trainer({
      ...quiet,
      accelerator: device,
      maxSteps: 2,
      maxEpochs: -1,
      accumulateGradBatches: microBatches,
    }).fit(module, { train: batches(2 * microBatches) })
    const used = (device.memory().peak ?? 0) - before
    module.dispose()
    // Scratch memory of kernels was there before.
    const tensors = (planned?.total ?? 0) - (planned?.runtime ?? 0)
    expect(tensors / used).toBeGreaterThan(0.85)
    expect(tensors / used).toBeLessThan(1.15)
  })
})
