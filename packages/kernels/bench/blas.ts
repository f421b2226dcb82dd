// What a BLAS library gains over the wasm kernels: products, gradients of convolutions, steps of two MLPs.
// Run from the repository's root: npx tsx --conditions=@levin/source packages/kernels/bench/blas.ts [products|convolutions|mlp]
import * as tf from '@tensorflow/tfjs-core'
import '@levin/kernels/register'
import { ensureGradients } from '@levin/core'
import { kernelFingerprint } from '@levin/kernels'
import { disableBlas, enableBlas } from '@levin/kernels/blas'
import { type AdamEntry, adamUpdate, linear, softmaxCrossEntropy } from '@levin/ops'
import { instantiateKernels } from '../src/blas/active-blas.js'
import { compileModule } from '../src/module.js'

const ROUNDS = 7

const random = (...shape: number[]): tf.Tensor => tf.randomUniform(shape, -0.05, 0.05, 'float32', 7)

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Seconds of one call, in about `budget` seconds of calls. */
function seconds(call: () => void, budget: number): number {
  let calls = 0
  const start = performance.now()
  do {
    call()
    calls++
  } while (performance.now() - start < budget * 1000)
  return (performance.now() - start) / 1000 / calls
}

/** Medians of interleaved rounds: with the wasm kernels, and with the library. */
function compare(call: () => void, budget: number): { wasm: number; blas: number } {
  const found = { wasm: [] as number[], blas: [] as number[] }
  for (let round = 0; round <= ROUNDS; round++) {
    disableBlas()
    const wasm = seconds(call, budget)
    enableBlas()
    const blas = seconds(call, budget)
    if (round === 0) continue
    found.wasm.push(wasm)
    found.blas.push(blas)
  }
  return { wasm: median(found.wasm), blas: median(found.blas) }
}

function print(name: string, { wasm, blas }: { wasm: number; blas: number }, amount: number, unit: string): void {
  const [before, after] = [(amount / wasm).toFixed(1), (amount / blas).toFixed(1)]
  console.log(
    `${name.padEnd(44)} wasm ${before.padStart(7)}  blas ${after.padStart(7)} ${unit}  ${(wasm / blas).toFixed(2)}x`,
  )
}

/** Called within the module, without tfjs's engine, which costs as much as a product of 32 × 32. */
function products(): void {
  const memory = new WebAssembly.Memory({ initial: 600 })
  new Float32Array(memory.buffer).fill(0.5)
  const [a, b, c, workspace] = [0, 1, 2, 3].map((part) => 64 + part * 2 ** 23) as [number, number, number, number]
  disableBlas()
  const wasm = instantiateKernels(compileModule(), memory)
  enableBlas()
  const blas = instantiateKernels(compileModule(), memory)
  for (const n of [16, 20, 24, 32, 64, 128, 256, 512, 1024]) {
    for (const flags of [0, 1, 2, 3]) {
      const [transposeA, transposeB] = [flags >> 1, flags & 1]
      const call = [transposeA, transposeB, n, n, n, a, n, b, n, c, n, 0, workspace] as const
      const found = { wasm: [] as number[], blas: [] as number[] }
      const repeat = Math.ceil(2 ** 21 / n ** 3)
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [name, kernels] of [
          ['wasm', wasm],
          ['blas', blas],
        ] as const) {
          const time = seconds(() => {
            for (let i = 0; i < repeat; i++) kernels.matmul(...call)
          }, 0.02)
          if (round > 0) found[name].push(time / repeat)
        }
      }
      const name = `${n} × ${n} ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`
      print(name, { wasm: median(found.wasm), blas: median(found.blas) }, (2 * n ** 3) / 1e9, 'GFLOP/s')
    }
  }
}

function convolutions(): void {
  for (const [batch, size, channels, filters] of [
    [64, 14, 32, 64],
    [64, 28, 1, 32],
    [64, 26, 32, 64],
    [8, 56, 64, 64],
  ] as const) {
    const out = size - 2
    const x = random(batch, size, size, channels)
    const dy = random(batch, out, out, filters)
    const filter = random(3, 3, channels, filters)
    const attrs = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dimRoundingMode: undefined }
    const work = (2 * batch * out * out * 9 * channels * filters) / 1e9
    const name = `${batch} × ${size} × ${size} × ${channels} → ${filters}`
    const run = (kernel: string, inputs: tf.NamedTensorMap, more: object) => () =>
      (
        tf.engine().runKernel(kernel, inputs, { ...attrs, ...more } as unknown as tf.NamedAttrMap) as tf.Tensor
      ).dispose()
    print(`${name}, forward`, compare(run('Conv2D', { x, filter }, { dilations: [1, 1] }), 0.1), work, 'GFLOP/s')
    const filterGradient = run('Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape })
    print(`${name}, filter gradient`, compare(filterGradient, 0.1), work, 'GFLOP/s')
    const inputGradient = run('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape })
    print(`${name}, input gradient`, compare(inputGradient, 0.1), work, 'GFLOP/s')
  }
}

/** One step of `784-width-width-10` by Adam. */
function mlpStep(width: number, batch: number): () => void {
  const x = random(batch, 784)
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => (i * 7919) % 10),
    'int32',
  )
  const shapes = [[784, width], [width], [width, width], [width], [width, 10], [10]]
  const parameters = shapes.map((shape) => tf.variable(random(...shape)))
  const zeros = () => shapes.map((shape) => tf.variable(tf.zeros(shape)))
  const [first, second] = [zeros(), zeros()]
  const at = (index: number): tf.Tensor => parameters[index] as tf.Tensor
  let step = 0
  const loss = () => {
    const one = linear(x, at(0), at(1), { activation: 'relu' })
    const two = linear(one, at(2), at(3), { activation: 'relu' })
    return softmaxCrossEntropy(linear(two, at(4), at(5)), labels) as tf.Scalar
  }
  return () => {
    step++
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, parameters)
      const entries = parameters.map(
        (parameter, index): AdamEntry => ({
          parameter,
          gradient: grads[parameter.name] as tf.Tensor,
          firstMoment: first[index] as tf.Tensor,
          secondMoment: second[index] as tf.Tensor,
        }),
      )
      // With these kernels the update is in place.
      adamUpdate(entries, { learningRate: 1e-3, step })
    })
  }
}

function mlp(): void {
  print('mlp-256, batch 64', compare(mlpStep(256, 64), 0.6), 1, 'steps/s')
  print('mlp-1024, batch 128', compare(mlpStep(1024, 128), 0.6), 1, 'steps/s')
}

const parts: Record<string, () => void> = { products, convolutions, mlp }
ensureGradients()
await tf.setBackend('wasm')
console.log(enableBlas(), kernelFingerprint())
const [chosen] = process.argv.slice(2)
for (const [name, part] of Object.entries(parts)) if (chosen === undefined || chosen === name) part()
