import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import * as ops from '../src/index.js'
import { checkLeaks } from './support.js'

interface Call {
  inputs: Record<string, number[]> | number[][]
  attrs: object
}

type Fill = (shape: number[], value: number) => tf.TensorInfo

/** Registers a toy kernel on the cpu backend for the time of `body`, and returns the calls it got. */
function withKernels(kernels: Record<string, (inputs: Inputs, fill: Fill) => tf.TensorInfo[]>, body: () => void) {
  const calls: Record<string, Call[]> = {}
  for (const [kernelName, outputs] of Object.entries(kernels)) {
    const own: Call[] = []
    calls[kernelName] = own
    tf.registerKernel({
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const given = inputs as unknown as Inputs
        const shapes = Array.isArray(given)
          ? given.map((info) => info.shape)
          : Object.fromEntries(Object.entries(given).map(([name, info]) => [name, info.shape]))
        own.push({ inputs: shapes, attrs: { ...attrs } })
        const cpu = backend as { makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo }
        return outputs(given, (shape, value) =>
          cpu.makeTensorInfo(shape, 'float32', new Float32Array(tf.util.sizeFromShape(shape)).fill(value)),
        )
      },
    })
  }
  try {
    body()
  } finally {
    for (const kernelName of Object.keys(kernels)) tf.unregisterKernel(kernelName, 'cpu')
  }
  return calls
}

type Inputs = Record<string, tf.TensorInfo> | tf.TensorInfo[]

const float = (shape: number[]) => tf.ones(shape)
const labels = (shape: number[]) => tf.zeros(shape, 'int32')

interface Case {
  name: string
  /** Differentiable arguments by shape. */
  shapes: number[][]
  op: (...xs: tf.Tensor[]) => tf.Tensor
  forward?: { kernel: string; inputs: Record<string, number[]>; attrs: object; outputs: number[][] }
  backward?: { kernel: string; inputs: Record<string, number[]>; attrs: object; outputs: number[][] }
  outShape: number[]
}

const x = [2, 3]
const elementwise = (op: (x: tf.Tensor) => tf.Tensor, kernel: string, attrs: object): Case => ({
  name: `${op.name}'s gradient`,
  shapes: [x],
  op: (x) => op(x as tf.Tensor),
  backward: { kernel, inputs: { dy: x, y: x }, attrs, outputs: [x] },
  outShape: x,
})
const attentionAttrs = {
  heads: 4,
  scale: 0.5,
  causal: true,
  causalOffset: 2,
  dropoutRate: 0.25,
  key0: 11,
  key1: 12,
  globalShape: [Infinity, 8, 3, 5],
  start: [6, 4, 0, 0],
}

const cases: Case[] = [
  elementwise(ops.relu, 'LevinReluGrad', { alpha: 0 }),
  elementwise(ops.leakyRelu, 'LevinLeakyReluGrad', { alpha: 0.01 }),
  elementwise(ops.elu, 'LevinEluGrad', { alpha: 1 }),
  elementwise(ops.sigmoid, 'LevinSigmoidGrad', { alpha: 0 }),
  elementwise(ops.tanh, 'LevinTanhGrad', { alpha: 0 }),
  elementwise(ops.softplus, 'LevinSoftplusGrad', { alpha: 0 }),
  {
    name: 'softmaxCrossEntropy with class indices',
    shapes: [[2, 3, 4]],
    op: (logits) =>
      ops.softmaxCrossEntropy(logits as tf.Tensor, labels([2, 3]), {
        weight: float([4]),
        labelSmoothing: 0.1,
        ignoreIndex: 5,
      }),
    forward: {
      kernel: 'LevinSparseCrossEntropy',
      inputs: { logits: [6, 4], labels: [6], weight: [4] },
      attrs: { labelSmoothing: 0.1, ignoreIndex: 5, reduction: 'mean' },
      outputs: [[], [6], []],
    },
    backward: {
      kernel: 'LevinSparseCrossEntropyGrad',
      inputs: { logits: [6, 4], labels: [6], weight: [4], dy: [], logSumExp: [6], totalWeight: [] },
      attrs: { labelSmoothing: 0.1, ignoreIndex: 5, reduction: 'mean' },
      outputs: [[6, 4]],
    },
    outShape: [],
  },
  {
    name: 'softmaxCrossEntropy with probabilities',
    shapes: [[2, 3, 4]],
    op: (logits) => ops.softmaxCrossEntropy(logits as tf.Tensor, float([2, 3, 4]), { reduction: 'none' }),
    forward: {
      kernel: 'LevinSoftCrossEntropy',
      inputs: { logits: [6, 4], targets: [6, 4] },
      attrs: { labelSmoothing: 0, reduction: 'none' },
      outputs: [[6], [6]],
    },
    backward: {
      kernel: 'LevinSoftCrossEntropyGrad',
      inputs: { logits: [6, 4], targets: [6, 4], dy: [6], logSumExp: [6] },
      attrs: { labelSmoothing: 0, reduction: 'none' },
      outputs: [[6, 4]],
    },
    outShape: [2, 3],
  },
  {
    name: 'binaryCrossEntropyWithLogits',
    shapes: [x],
    op: (logits) =>
      ops.binaryCrossEntropyWithLogits(logits as tf.Tensor, float(x), { positiveWeight: 2, weight: float([3]) }),
    forward: {
      kernel: 'LevinBinaryCrossEntropy',
      inputs: { logits: x, targets: x, weight: x },
      attrs: { positiveWeight: 2, reduction: 'mean' },
      outputs: [[]],
    },
    backward: {
      kernel: 'LevinBinaryCrossEntropyGrad',
      inputs: { logits: x, targets: x, weight: x, dy: [] },
      attrs: { positiveWeight: 2, reduction: 'mean' },
      outputs: [x],
    },
    outShape: [],
  },
  {
    name: 'huber',
    shapes: [x],
    op: (p) => ops.huber(p as tf.Tensor, float(x), { delta: 2, reduction: 'sum' }),
    forward: {
      kernel: 'LevinRegressionLoss',
      inputs: { predictions: x, targets: x },
      attrs: { kind: 'huber', delta: 2, reduction: 'sum' },
      outputs: [[]],
    },
    backward: {
      kernel: 'LevinRegressionLossGrad',
      inputs: { predictions: x, targets: x, dy: [] },
      attrs: { kind: 'huber', delta: 2, reduction: 'sum' },
      outputs: [x],
    },
    outShape: [],
  },
  {
    name: 'layerNorm',
    shapes: [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    op: (x, gamma, beta) => ops.layerNorm(x as tf.Tensor, gamma, beta, { epsilon: 0.5 }),
    forward: {
      kernel: 'LevinLayerNorm',
      inputs: { x: [2, 12], gamma: [12], beta: [12] },
      attrs: { epsilon: 0.5 },
      outputs: [[2, 12], [2], [2]],
    },
    backward: {
      kernel: 'LevinLayerNormGrad',
      inputs: { dy: [2, 12], x: [2, 12], mean: [2], inverseDeviation: [2], gamma: [12] },
      attrs: { hasBeta: true },
      outputs: [[2, 12], [12], [12]],
    },
    outShape: [2, 3, 4],
  },
  {
    name: 'layerNorm without gamma',
    shapes: [[2, 3], [3]],
    op: (x, beta) => ops.layerNorm(x as tf.Tensor, undefined, beta),
    forward: {
      kernel: 'LevinLayerNorm',
      inputs: { x: [2, 3], beta: [3] },
      attrs: { epsilon: 1e-5 },
      outputs: [[2, 3], [2], [2]],
    },
    backward: {
      kernel: 'LevinLayerNormGrad',
      inputs: { dy: [2, 3], x: [2, 3], mean: [2], inverseDeviation: [2] },
      attrs: { hasBeta: true },
      outputs: [[2, 3], [3]],
    },
    outShape: [2, 3],
  },
  {
    name: 'batchNorm',
    shapes: [[2, 3, 4], [4], [4]],
    op: (x, gamma, beta) => ops.batchNorm(x as tf.Tensor, gamma, beta, { epsilon: 0.5 }).y,
    forward: {
      kernel: 'LevinBatchNorm',
      inputs: { x: [6, 4], gamma: [4], beta: [4] },
      attrs: { epsilon: 0.5 },
      outputs: [[6, 4], [4], [4]],
    },
    backward: {
      kernel: 'LevinBatchNormGrad',
      inputs: { dy: [6, 4], x: [6, 4], mean: [4], variance: [4], gamma: [4] },
      attrs: { epsilon: 0.5, hasBeta: true },
      outputs: [[6, 4], [4], [4]],
    },
    outShape: [2, 3, 4],
  },
  {
    name: "embedding's gradient",
    shapes: [[5, 4]],
    op: (table) => ops.embedding(table as tf.Tensor, labels([2, 3]), { paddingIndex: 1 }),
    backward: {
      kernel: 'LevinEmbeddingGrad',
      inputs: { dy: [6, 4], ids: [6] },
      attrs: { count: 5, paddingIndex: 1 },
      outputs: [[5, 4]],
    },
    outShape: [2, 3, 4],
  },
  {
    name: 'attention',
    shapes: [
      [2, 3, 8],
      [2, 5, 8],
      [2, 5, 4],
    ],
    op: (q, k, v) =>
      ops.attention(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, {
        heads: 4,
        scale: 0.5,
        causal: true,
        causalOffset: 2,
        mask: float([2, 1, 1, 5]),
        dropout: {
          rate: 0.25,
          key: [11, 12],
          layout: { globalShape: [Infinity, 8, 3, 5], start: [6, 4, 0, 0] },
          draw: () => expect.fail('drew although there is a kernel'),
        },
      }),
    forward: {
      kernel: 'LevinAttention',
      inputs: { query: [2, 3, 8], key: [2, 5, 8], value: [2, 5, 4], mask: [2, 1, 1, 5] },
      attrs: attentionAttrs,
      outputs: [
        [2, 3, 4],
        [2, 4, 3],
      ],
    },
    backward: {
      kernel: 'LevinAttentionGrad',
      inputs: {
        query: [2, 3, 8],
        key: [2, 5, 8],
        value: [2, 5, 4],
        mask: [2, 1, 1, 5],
        dy: [2, 3, 4],
        y: [2, 3, 4],
        logSumExp: [2, 4, 3],
      },
      attrs: attentionAttrs,
      outputs: [
        [2, 3, 8],
        [2, 5, 8],
        [2, 5, 4],
      ],
    },
    outShape: [2, 3, 4],
  },
]

describe('with a kernel under its name', () => {
  checkLeaks()

  it.each(cases)('$name calls it once, with the documented inputs and attributes, and uses what it gives', (test) => {
    const { forward, backward, shapes, op, outShape } = test
    const kernels: Record<string, (inputs: Inputs, fill: Fill) => tf.TensorInfo[]> = {}
    // Outputs are told apart by their values: 7, 8, 9 forward, 1, 2, 3 backward.
    if (forward) kernels[forward.kernel] = (_, fill) => forward.outputs.map((shape, index) => fill(shape, 7 + index))
    if (backward) kernels[backward.kernel] = (_, fill) => backward.outputs.map((shape, index) => fill(shape, 1 + index))
    const calls = withKernels(kernels, () =>
      tf.tidy(() => {
        const { value, grads } = tf.valueAndGrads(op)(shapes.map(float), float(outShape))
        expect(value.shape).toEqual(outShape)
        if (forward) expect([...new Set(value.dataSync())]).toEqual([7])
        expect(grads.map((gradient) => gradient.shape)).toEqual(shapes)
        if (backward) {
          expect(grads.map((gradient) => [...new Set(gradient.dataSync())])).toEqual(shapes.map((_, i) => [1 + i]))
        }
      }),
    )
    for (const side of [forward, backward]) {
      if (side) expect(calls[side.kernel]).toEqual([{ inputs: side.inputs, attrs: side.attrs }])
    }
  })

  it.each([
    { op: ops.gelu, kernel: 'LevinGelu', attrs: { approximate: 0 } },
    { op: ops.silu, kernel: 'LevinSilu', attrs: {} },
    { op: ops.hardSwish, kernel: 'LevinHardSwish', attrs: {} },
  ])(
    '$kernel gives the slope, by which backward multiplies, where a tape records, and is not asked elsewhere',
    (test) => {
      const { op, kernel, attrs } = test
      const outputs = (_: Inputs, fill: Fill) => [fill(x, 7), fill(x, 3)]
      const recorded = withKernels({ [kernel]: outputs }, () =>
        tf.tidy(() => {
          const { value, grad } = tf.valueAndGrad((x) => op(x as tf.Tensor))(float(x), tf.fill(x, 2))
          expect([...new Set(value.dataSync())]).toEqual([7])
          expect([...new Set(grad.dataSync())]).toEqual([6])
        }),
      )
      expect(recorded[kernel]).toEqual([{ inputs: { x }, attrs: { ...attrs, slope: 1 } }])
      const alone = withKernels({ [kernel]: (_, fill) => [fill(x, 7)] }, () => tf.tidy(() => void op(float(x))))
      expect(alone[kernel]).toEqual([{ inputs: { x }, attrs: { ...attrs, slope: 0 } }])
    },
  )

  it('dropout calls it in both directions and never draws', () => {
    const outputs = (inputs: Inputs, fill: Fill) => [
      fill((inputs as Record<string, tf.TensorInfo>)['x']?.shape ?? [], 5),
    ]
    const attrs = { rate: 0.25, key0: 11, key1: 12, globalShape: [8, 3], start: [4, 0] }
    const calls = withKernels({ LevinDropout: outputs }, () =>
      tf.tidy(() => {
        const op = (x: tf.Tensor) =>
          ops.dropout(x, {
            rate: 0.25,
            key: [11, 12],
            layout: { globalShape: [8, 3], start: [4, 0] },
            draw: () => expect.fail('drew although there is a kernel'),
          })
        const { value, grad } = tf.valueAndGrad(op)(float(x))
        expect([...value.dataSync(), ...grad.dataSync()]).toEqual(new Array(12).fill(5))
      }),
    )
    const call = { inputs: { x }, attrs }
    expect(calls['LevinDropout']).toEqual([call, call])
  })

  it('squaredNorm calls it once for all tensors', () => {
    const calls = withKernels({ LevinSquaredNorm: (_, fill) => [fill([], 42)] }, () =>
      tf.tidy(() => {
        expect(ops.squaredNorm([float([2]), float([3, 4])]).dataSync()[0]).toBe(42)
      }),
    )
    expect(calls['LevinSquaredNorm']).toEqual([{ inputs: [[2], [3, 4]], attrs: {} }])
  })

  it('a fallback takes over again when the kernel is gone', () => {
    withKernels({ LevinGelu: (_, fill) => [fill(x, 7)] }, () => {})
    expect(ops.hasKernel('LevinGelu')).toBe(false)
    tf.tidy(() => {
      expect(ops.gelu(tf.scalar(0)).dataSync()[0]).toBe(0)
    })
  })
})

describe('updates with a kernel under their name', () => {
  checkLeaks()
  const shared = { count: 2, gradientScale: 1, hasScaleTensor: false, clipValue: 0, maximize: false }
  const nothing = () => []
  const write = (inputs: Inputs) => {
    const backend = tf.backend() as unknown as { data: { get(id: object): { values: Float32Array } } }
    backend.data.get((inputs as tf.TensorInfo[])[0]?.dataId as object).values.fill(-3)
    return []
  }

  it('adamUpdate changes all tensors of the group in one call and returns the same objects', () => {
    const entry = (shape: number[]) => ({
      parameter: tf.variable(tf.zeros(shape)),
      gradient: tf.ones(shape),
      firstMoment: tf.zeros(shape),
      secondMoment: tf.zeros(shape),
    })
    const entries = tf.tidy(() => {
      const made = [entry([2, 3]), entry([4])]
      for (const { gradient, firstMoment, secondMoment } of made) {
        for (const tensor of [gradient, firstMoment, secondMoment]) tf.keep(tensor)
      }
      return made
    })
    const calls = withKernels({ LevinAdamUpdate: write }, () => {
      const results = ops.adamUpdate(entries, { learningRate: 0.1, weightDecay: 0.5, decoupled: true, step: 3 })
      results.forEach((values, index) => {
        const { gradient: _, ...expected } = entries[index] as (typeof entries)[number]
        for (const key of ['parameter', 'firstMoment', 'secondMoment'] as const) expect(values[key]).toBe(expected[key])
      })
      expect([...(results[0]?.parameter.dataSync() ?? [])]).toEqual(new Array(6).fill(-3))
    })
    expect(calls['LevinAdamUpdate']).toEqual([
      {
        inputs: [[2, 3], [2, 3], [2, 3], [2, 3], [4], [4], [4], [4]],
        attrs: {
          ...shared,
          beta1: 0.9,
          beta2: 0.999,
          epsilon: 1e-8,
          weightDecay: 0,
          parameterDecay: 0.95,
          amsgrad: false,
          stepSize: 0.1 / (1 - 0.9 ** 3),
          biasCorrection2Sqrt: Math.sqrt(1 - 0.999 ** 3),
        },
      },
    ])
    for (const entry of entries) tf.dispose({ ...entry })
  })

  it('sgdUpdate and rmspropUpdate pass their slots in order and the scale last', () => {
    tf.tidy(() => {
      const scale = tf.scalar(0.5)
      const [parameter, gradient, slot, average, buffer] = Array.from({ length: 5 }, () => tf.ones([2])) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ]
      const calls = withKernels({ LevinSgdUpdate: nothing, LevinRmspropUpdate: nothing }, () => {
        ops.sgdUpdate([{ parameter, gradient, momentumBuffer: slot }], {
          learningRate: 0.1,
          momentum: 0.9,
          step: 1,
          gradientScale: scale,
        })
        ops.sgdUpdate([{ parameter, gradient }], { learningRate: 0.1, step: 2, gradientScale: 0.5, clipValue: 2 })
        const state = { squareAverage: slot, gradientAverage: average, momentumBuffer: buffer }
        ops.rmspropUpdate([{ parameter, gradient, ...state }], {
          learningRate: 0.1,
          centered: true,
          momentum: 0.9,
          maximize: true,
        })
      })
      const sgd = { learningRate: 0.1, dampening: 0, weightDecay: 0, nesterov: false }
      expect(calls['LevinSgdUpdate']).toEqual([
        {
          inputs: [[2], [2], [2], []],
          attrs: { ...shared, ...sgd, count: 1, momentum: 0.9, firstStep: true, hasScaleTensor: true },
        },
        {
          inputs: [[2], [2]],
          attrs: { ...shared, ...sgd, count: 1, momentum: 0, firstStep: false, gradientScale: 0.5, clipValue: 2 },
        },
      ])
      const rmsprop = { learningRate: 0.1, alpha: 0.99, epsilon: 1e-8, weightDecay: 0, momentum: 0.9, centered: true }
      expect(calls['LevinRmspropUpdate']).toEqual([
        { inputs: [[2], [2], [2], [2], [2]], attrs: { ...shared, ...rmsprop, count: 1, maximize: true } },
      ])
    })
  })

  it('works in place under a profiler, which sees the kernel', async () => {
    const [target, gradient] = [tf.ones([2]), tf.ones([2])]
    tf.registerKernel({ kernelName: 'LevinAccumulate', backendName: 'cpu', kernelFunc: nothing })
    try {
      const profile = await tf.profile(() => ops.accumulate(target, gradient))
      expect(profile.kernelNames).toEqual(['LevinAccumulate'])
    } finally {
      tf.unregisterKernel('LevinAccumulate', 'cpu')
      tf.dispose([target, gradient])
    }
  })

  it('accumulate returns the target itself', () => {
    tf.tidy(() => {
      const [target, gradient, weight] = [tf.ones([2]), tf.ones([2]), tf.scalar(3)]
      const calls = withKernels({ LevinAccumulate: write }, () => {
        expect(ops.accumulate(target, gradient, 0.5)).toBe(target)
        expect(ops.accumulate(target, gradient, weight)).toBe(target)
      })
      expect(calls['LevinAccumulate']).toEqual([
        { inputs: [[2], [2]], attrs: { weight: 0.5, hasWeightTensor: false } },
        { inputs: [[2], [2], []], attrs: { weight: 1, hasWeightTensor: true } },
      ])
      expect([...target.dataSync()]).toEqual([-3, -3])
    })
  })
})
