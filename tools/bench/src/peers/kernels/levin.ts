/** A kernel of ours: `levin.ts <kernel as JSON>`. Where there is an op of ours it is used, else tfjs's on our kernels. */
import { cpu } from '@levin/accelerators'
import { Parameter, zeros } from '@levin/core'
import { attention, gelu, layerNorm, softmaxCrossEntropy } from '@levin/ops'
import { adam } from '@levin/optim'
import * as tf from '@tensorflow/tfjs-core'
import { runCalls } from './run-calls.js'
import { backward, type Calls, COMPOSED, callOf, input, labelsOf } from './tfjs-call.js'
import { asked } from './values.js'

const OURS: Calls = {
  ...COMPOSED,
  convolution: (kernel) => {
    if (kernel.direction !== 'filter') return COMPOSED.convolution(kernel)
    const { batch, size, inputs, outputs } = kernel
    const x = input<tf.Rank.R4>([batch, size, size, inputs], 0)
    const dy = input<tf.Rank.R4>([batch, size, size, outputs], 0.1)
    const filterShape = [3, 3, inputs, outputs]
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined, filterShape }
    const run = (): tf.Tensor =>
      tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs as unknown as tf.NamedAttrMap)
    return () => [run()]
  },
  unary: (kernel) => {
    if (kernel.op !== 'gelu') return COMPOSED.unary(kernel)
    const x = input<tf.Rank.R1>([kernel.count], 0)
    return () => [gelu(x)]
  },
  adam: ({ count }) => {
    const parameter = new Parameter([count], zeros())
    parameter.assign(input<tf.Rank.R1>([count], 0))
    const gradient = input<tf.Rank.R1>([count], 0.1)
    const optimizer = adam([parameter], { learningRate: 1e-3 })
    const update = (): tf.Tensor[] => {
      optimizer.step(new Map([[parameter, gradient]]))
      return []
    }
    return Object.assign(update, { changed: () => [parameter.value] })
  },
  'layer-norm': ({ rows, width }) =>
    backward(
      (x, scale, shift) => layerNorm(x as tf.Tensor, scale, shift),
      [input<tf.Rank.R2>([rows, width], 0), input<tf.Rank.R1>([width], 0.1), input<tf.Rank.R1>([width], 0.2)],
      input<tf.Rank.R2>([rows, width], 0.3),
    ),
  'cross-entropy': ({ rows, width }) => {
    const labels = labelsOf(rows, width)
    return backward(
      (logits) => softmaxCrossEntropy(logits as tf.Tensor, labels, { reduction: 'mean' }),
      [input<tf.Rank.R2>([rows, width], 0)],
    )
  },
  attention: ({ batch, heads, length, size }) => {
    const side = (salt: number): tf.Tensor => input<tf.Rank.R3>([batch, length, heads * size], salt)
    return backward(
      (query, key, value) =>
        attention(query as tf.Tensor, key as tf.Tensor, value as tf.Tensor, { heads, causal: true }),
      [0, 0.1, 0.2].map(side),
      side(0.3),
    )
  },
}

const accelerator = cpu()
await accelerator.setup(0)
runCalls(callOf(OURS, asked()), accelerator.fingerprint())
