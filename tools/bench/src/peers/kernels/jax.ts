/** A kernel in jax-js under `jit`: `jax.ts <kernel as JSON>`. Its functions use up their arguments, hence the `.ref`s. */
import { blockUntilReady, grad, type Array as Jax, jit, lax, nn, numpy as np } from '@jax-js/jax'
import type { Kernel } from '../../suites/kernels/kernels.js'
import { startJax } from '../jax-start.js'
import { askedFor, LossCheck } from '../protocol.js'
import { asked, classIndices, filled, norm } from './values.js'

/** The function, and what it is called with each time. */
interface Jitted {
  readonly call: (...inputs: Jax[]) => Jax | Jax[]
  readonly inputs: readonly Jax[]
}

const input = (shape: readonly number[], salt: number): Jax =>
  np.array(filled(shape, salt) as Float32Array<ArrayBuffer>, { shape: [...shape] })

/** Gradients of all inputs but the last, which is the gradient of the result. */
const backward = (f: (...inputs: Jax[]) => Jax, inputs: readonly Jax[], argnums: number[]): Jitted => {
  const weighted = (...all: Jax[]): Jax => np.sum(f(...all.slice(0, -1)).mul(all.at(-1) as Jax))
  return { call: grad(weighted, { argnums }) as (...inputs: Jax[]) => Jax[], inputs }
}

type Convolution = Kernel & { readonly kind: 'convolution' }

/** Channels first, as jax-js has them: its own order, without a transpose. */
function convolution({ direction, batch, size, inputs, outputs }: Convolution): Jitted {
  const x = np.transpose(input([batch, size, size, inputs], 0), [0, 3, 1, 2])
  const filter = np.transpose(input([3, 3, inputs, outputs], 0.2), [3, 2, 0, 1])
  const convolve = (images: Jax, weights: Jax): Jax => lax.conv(images, weights, [1, 1], 'SAME')
  if (direction === 'forward') return { call: convolve, inputs: [x, filter] }
  const dy = np.transpose(input([batch, size, size, outputs], 0.1), [0, 3, 1, 2])
  return backward(convolve as (...inputs: Jax[]) => Jax, [x, filter, dy], [direction === 'input' ? 0 : 1])
}

const UNARY = { exp: np.exp, tanh: np.tanh, sigmoid: nn.sigmoid, gelu: (x: Jax) => nn.gelu(x, { approximate: false }) }

function matrixProduct({ size, transposeA, transposeB }: Kernel & { readonly kind: 'matmul' }): Jitted {
  const turned = (x: Jax, transpose: boolean): Jax => (transpose ? np.transpose(x) : x)
  return {
    call: (a, b) => np.matmul(turned(a as Jax, transposeA), turned(b as Jax, transposeB)),
    inputs: [input([size, size], 0), input([size, size], 0.1)],
  }
}

function attention({ batch, heads, length, size }: Kernel & { readonly kind: 'attention' }): Jitted {
  const attend = (query: Jax, key: Jax, value: Jax): Jax =>
    nn.dotProductAttention(query, key, value, { isCausal: true })
  const inputs = [0, 0.1, 0.2, 0.3].map((salt) => input([batch, length, heads, size], salt))
  return backward(attend as (...inputs: Jax[]) => Jax, inputs, [0, 1, 2])
}

function layerNorm({ rows, width }: Kernel & { readonly kind: 'layer-norm' }): Jitted {
  const normalised = (x: Jax, scale: Jax, shift: Jax): Jax =>
    nn.standardize(x, -1, { epsilon: 1e-5 }).mul(scale).add(shift)
  const inputs = [input([rows, width], 0), input([width], 0.1), input([width], 0.2), input([rows, width], 0.3)]
  return backward(normalised as (...inputs: Jax[]) => Jax, inputs, [0, 1, 2])
}

function crossEntropy({ rows, width }: Kernel & { readonly kind: 'cross-entropy' }): Jitted {
  const loss = (logits: Jax, labels: Jax): Jax =>
    np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, width))).mul(-1 / rows)
  const labels = np.array(classIndices(rows, width) as Int32Array<ArrayBuffer>, { shape: [rows], dtype: np.int32 })
  return { call: grad(loss) as (...inputs: Jax[]) => Jax, inputs: [input([rows, width], 0), labels] }
}

function jitted(kernel: Kernel): Jitted {
  switch (kernel.kind) {
    case 'matmul':
      return matrixProduct(kernel)
    case 'convolution':
      return convolution(kernel)
    case 'attention':
      return attention(kernel)
    case 'layer-norm':
      return layerNorm(kernel)
    case 'cross-entropy':
      return crossEntropy(kernel)
    case 'unary':
      return { call: UNARY[kernel.op] as (x: Jax) => Jax, inputs: [input([kernel.count], 0)] }
    case 'softmax':
      return { call: (x) => nn.softmax(x as Jax), inputs: [input([kernel.rows, kernel.width], 0)] }
    case 'sum':
      return { call: (x) => np.sum(x as Jax, 0), inputs: [input([kernel.rows, kernel.width], 0)] }
    case 'adam':
      throw new Error('jax-js has no optimizer among its kernels.')
  }
}

const about = await startJax()
const { call, inputs } = jitted(asked())
const compiled = jit(call as (...inputs: Jax[]) => Jax[])
const check = new LossCheck(1)
for (const _ of askedFor([undefined], about, check)) {
  const made = compiled(...inputs.map((each) => each.ref)) as Jax | Jax[]
  const results = [made].flat() as Jax[]
  await blockUntilReady(results)
  await check.seeAsync(async () => norm(await Promise.all(results.map((each) => each.ref.data()))))
  for (const each of results) each.dispose()
}
