import '@tensorflow/tfjs-backend-cpu'
import {
  add,
  matMul,
  mean,
  relu,
  type Scalar,
  slice,
  square,
  type Tensor,
  type Tensor2D,
  tensor2d,
  variable,
  zeros as zeroTensor,
} from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  assignPaths,
  Buffer,
  BufferUpdates,
  type CallInterceptor,
  constant,
  engineMemory,
  ForwardScope,
  type Initializer,
  inferenceStep,
  Layer,
  LevinError,
  Module,
  normal,
  Parameter,
  recompute,
  record,
  type StepContext,
  uniform,
  VariableParameter,
  zeros,
} from '../src/index.js'

class Dense extends Layer {
  readonly weight: Parameter
  readonly bias: Parameter
  constructor(inputs: number, outputs: number) {
    super()
    this.weight = new Parameter([inputs, outputs], normal(0, 0.5))
    this.bias = new Parameter([outputs], uniform(-1, 1))
  }
  compute(x: Tensor): Tensor {
    return relu(add(matMul(x as Tensor2D, this.weight.value as Tensor2D), this.bias.value))
  }
}

/** Draws random numbers and changes a buffer, as dropout and batch norm do. */
class Noisy extends Layer {
  readonly count = new Buffer([], zeros())
  compute(x: Tensor, step: StepContext): Tensor {
    step.update(this.count, add(step.read(this.count), 1))
    return add(x, step.random(this.path).uniform(x.shape as [number, number]))
  }
}

class Net extends Module {
  readonly first = new Dense(4, 6)
  readonly noise = new Noisy()
  readonly blocks = [new Dense(6, 6), new Dense(6, 3)]
  readonly scale = { last: new Parameter([3], constant(2)) }
  run(x: Tensor, step: StepContext): Scalar {
    let y = this.noise.forward(this.first.forward(x, step), step)
    for (const block of this.blocks) y = block.forward(y, step)
    return mean(square(y))
  }
}

const position = {
  seed: 7,
  mode: 'train',
  globalStep: 3,
  epoch: 0,
  batchIndex: 3,
  microBatch: 0,
  firstSample: 0,
  globalBatchSize: 5,
} as const

let input: Tensor2D
let module: Net
beforeEach(() => {
  input = tensor2d(
    Float32Array.from({ length: 20 }, (_, i) => Math.cos(i)),
    [5, 4],
  )
  module = new Net().build({ seed: 11 })
})
afterEach(() => {
  module.dispose()
  input.dispose()
})

const gradientsOf = (step: StepContext): { loss: number; gradients: Float32Array[] } => {
  const parameters = module.parameters()
  const gradients: Float32Array[] = []
  const tape = record(
    () => module.run(input, step),
    parameters.map(({ value }) => value),
  )
  const loss = tape.outputs.dataSync()[0] as number
  tape.backward(undefined, (_source, gradient, index) => {
    gradients[index] = gradient.dataSync().slice() as Float32Array
    gradient.dispose()
  })
  tape.dispose()
  return { loss, gradients }
}

describe('a module tree', () => {
  test('names parameters and buffers by the fields that hold them', () => {
    expect(module.parameters().map(({ path }) => path)).toEqual([
      'first.weight',
      'first.bias',
      'blocks.0.weight',
      'blocks.0.bias',
      'blocks.1.weight',
      'blocks.1.bias',
      'scale.last',
    ])
    expect(module.buffers().map(({ path }) => path)).toEqual(['noise.count'])
    expect(module.blocks[1]?.path).toBe('blocks.1')
  })

  test('a tied parameter is one object under several paths', () => {
    class Tied extends Module {
      readonly encoder = new Dense(2, 2)
      readonly decoder = { weight: this.encoder.weight }
    }
    const tied = new Tied()
    assignPaths(tied)
    expect(tied.parameters()).toHaveLength(2)
    expect(tied.encoder.weight.paths).toEqual(['encoder.weight', 'decoder.weight'])
  })

  test('a container within itself ends', () => {
    class Loop extends Module {
      readonly layer = new Dense(1, 1)
      readonly self: unknown[] = []
    }
    const loop = new Loop()
    loop.self.push(loop, loop.self)
    expect(assignPaths(loop).parameters).toHaveLength(2)
  })

  test('a tf.Variable is a parameter that cannot be sharded, the same one each time', () => {
    class Plain extends Module {
      readonly weight = variable(tensor2d([[1, 2]]))
    }
    const plain = new Plain()
    assignPaths(plain)
    const [parameter] = plain.parameters()
    expect(parameter).toBeInstanceOf(VariableParameter)
    expect(plain.parameters()[0]).toBe(parameter)
    expect(() => parameter?.materialise({ seed: 0, shard: { start: [0, 0], shape: [1, 1] } })).toThrow(
      "'weight' is a tf.Variable",
    )
    plain.dispose()
  })

  test('values before building are refused with what to do', () => {
    expect(() => new Dense(1, 1).weight.value).toThrow(LevinError)
    expect(() => new Dense(1, 1).weight.value).toThrow('module.build({ seed })')
  })

  test('building, predicting and disposing leave nothing behind', () => {
    const before = engineMemory()
    class Plain extends Module {
      readonly net = new Dense(4, 2)
    }
    const plain = new Plain().build()
    const output = plain.predict(input)
    expect(output.shape).toEqual([5, 2])
    output.dispose()
    plain.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('predict without forward() and with several layers says so', () => {
    expect(() => module.predict(input)).toThrow('Add forward(input, step) to the module')
  })
})

describe('materialising', () => {
  test.each([
    { start: [0, 0], shape: [4, 3] },
    { start: [1, 2], shape: [2, 4] },
    { start: [3, 5], shape: [1, 1] },
  ])('a shard at $start equals that slice of the whole', async ({ start, shape }) => {
    const whole = module.first.weight.value
    const expected = await slice(whole, start, shape).data()
    const other = new Net()
    assignPaths(other)
    other.first.weight.materialise({ seed: 11, shard: { start, shape } })
    expect(await other.first.weight.value.data()).toEqual(expected)
    other.dispose()
  })

  test.each([
    [0, 24],
    [0, 0],
    [0, 5],
    [7, 3],
    [5, 14],
    [17, 7],
  ])(
    'a stretch from %i of %i elements equals that part of the whole, whatever the initialiser asks',
    (start, count) => {
      // The bound is a function of the whole's last size, which a stretch does not show; each block is one call.
      const byFan: Initializer = {
        name: 'byFan',
        fill: (target, key, layout) => {
          const bound = layout.globalShape.at(-1) as number
          uniform(-bound, bound).fill(target, key, layout)
        },
      }
      const materialised = (shard?: { start: number[]; shape: number[]; flat: boolean }) => {
        const parameter = new Parameter([2, 3, 4], byFan)
        parameter.materialise({ seed: 5, shard })
        const { value } = parameter
        const values = [...value.dataSync()]
        parameter.dispose()
        return values
      }
      const whole = materialised()
      expect(Math.max(...whole.map(Math.abs))).toBeGreaterThan(2)
      expect(materialised({ start: [start], shape: [count], flat: true })).toEqual(whole.slice(start, start + count))
    },
  )

  test('a lender decides what readers see; the held value stays, and comes back', () => {
    const { weight } = module.first
    const held = weight.value
    const lent = zeroTensor([...weight.shape])
    weight.lendBy((part) => (part === held ? lent : part))
    expect(weight.value).toBe(lent)
    const other = zeroTensor([...weight.shape])
    expect(weight.exchange(undefined, other)).toBe(held)
    weight.exchange(undefined, held)
    weight.lendBy(undefined)
    expect(weight.value).toBe(held)
    for (const tensor of [lent, other]) tensor.dispose()
  })

  test('the same seed and path give the same values; another seed or path gives others', async () => {
    const again = new Net().build({ seed: 11 })
    const otherSeed = new Net().build({ seed: 12 })
    const values = await module.blocks[0]?.weight.value.data()
    expect(await again.blocks[0]?.weight.value.data()).toEqual(values)
    expect(await otherSeed.blocks[0]?.weight.value.data()).not.toEqual(values)
    for (const net of [again, otherSeed]) net.dispose()
  })
})

test('a step leaves nothing behind, whatever becomes of its buffer values', () => {
  const before = engineMemory()
  for (const end of ['commit', 'discard'] as const) {
    const updates = new BufferUpdates()
    gradientsOf(new ForwardScope(position, { updates }))
    updates[end]()
    expect(engineMemory()).toEqual(before)
  }
})

describe('step.call', () => {
  test('a layer is replaced without a change to its module', () => {
    const calls: string[] = []
    const intercept: CallInterceptor = (layer, value, _step, next) => {
      calls.push(layer.path)
      return (layer as unknown) === module.noise ? (value as never) : next(value)
    }
    const replaced = gradientsOf(new ForwardScope(position, { intercept }))
    const silent: CallInterceptor = (layer, value, _step, next) =>
      (layer as unknown) === module.noise ? (value as never) : next(value)
    expect(calls).toEqual(['first', 'noise', 'blocks.0', 'blocks.1'])
    expect(replaced).not.toEqual(gradientsOf(new ForwardScope(position)))
    expect(replaced).toEqual(gradientsOf(new ForwardScope(position, { intercept: silent })))
  })

  test('layers are recomputed in backward with the same random numbers, gradients and one buffer update', () => {
    const plainUpdates = new BufferUpdates()
    const plain = gradientsOf(new ForwardScope(position, { updates: plainUpdates }))
    plainUpdates.discard()
    const updates = new BufferUpdates()
    let computed = 0
    const intercept: CallInterceptor = (layer, value, step, next) => {
      const mark = step.mark()
      const sources = layer.parameters().map((parameter) => parameter.value)
      return recompute(
        ([first], replaying) => {
          computed++
          return (replaying ? step.replay(mark, () => next(first as never)) : next(first as never)) as never
        },
        [value as unknown as Tensor],
        sources,
      ) as never
    }
    const recomputed = gradientsOf(new ForwardScope(position, { updates, intercept }))
    expect(computed).toBe(8)
    expect(recomputed).toEqual(plain)
    expect(updates.read(module.noise.count).dataSync()[0]).toBe(1)
    updates.discard()
  })

  test('a layer that is called without the step says so', () => {
    const x = tensor2d([[1, 2]])
    expect(() => module.first.forward(x, undefined as never)).toThrow(
      "'first' (Dense) was called without the step. Expected forward(input, step), found forward(input). Hand on the step",
    )
    x.dispose()
  })

  test('a layer that gets a disposed tensor says so', () => {
    const x = tensor2d([[1, 2]])
    x.dispose()
    expect(() => module.first.forward(x, inferenceStep())).toThrow(
      expect.objectContaining({
        code: 'LEVIN_DISPOSED',
        message: expect.stringContaining(
          "'first' (Dense) got a float32 tensor of shape [1, 2] that has been disposed.",
        ),
      }),
    )
  })

  test('an error inside a layer names the layer and its input', () => {
    const wrong = tensor2d([[1, 2, 3]])
    expect(() => module.first.forward(wrong, inferenceStep())).toThrow(
      /'first' \(Dense\) failed on a float32 tensor of shape \[1, 3\]/,
    )
    wrong.dispose()
  })
})

describe('randomness and buffers of a step', () => {
  test('each sample gets the same numbers however the batch is cut', () => {
    const draw = (firstSample: number, rows: number) => [
      ...new ForwardScope({ ...position, firstSample }).random('noise').uniform([rows, 3]).dataSync(),
    ]
    expect([...draw(0, 2), ...draw(2, 3)]).toEqual(draw(0, 5))
  })

  test('two draws for one path differ, and so do steps, paths and seeds', () => {
    const scope = new ForwardScope(position)
    const draw = (step: ForwardScope, path = 'noise') => step.random(path).uniform([2, 2]).dataSync().join()
    const all = [
      draw(scope),
      draw(scope),
      draw(new ForwardScope({ ...position, globalStep: 4 })),
      draw(new ForwardScope({ ...position, seed: 8 })),
      draw(new ForwardScope(position), 'other'),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test('buffer values pass from micro-batch to micro-batch and are committed together or not at all', () => {
    const updates = new BufferUpdates()
    for (const microBatch of [0, 1, 2]) gradientsOf(new ForwardScope({ ...position, microBatch }, { updates }))
    expect(module.noise.count.value.dataSync()[0]).toBe(0)
    updates.commit()
    expect(module.noise.count.value.dataSync()[0]).toBe(3)
    gradientsOf(new ForwardScope(position, { updates }))
    updates.discard()
    expect(module.noise.count.value.dataSync()[0]).toBe(3)
  })
})
