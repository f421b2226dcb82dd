/**
 * jax-js on its wasm backend, the whole step under `jit`: `jax-js.ts <material>`. It wants Node 24. An array is used up
 * by the operation it goes into; `.ref` is another reference to it.
 */
import { blockUntilReady, type Array as Jax, jit, numpy as np, valueAndGrad } from '@jax-js/jax'
import { type JaxWeights, jaxLoss } from './jax-models.js'
import { startJax } from './jax-start.js'
import { type MaterialArray, readMaterial } from './material.js'
import { askedFor, LossCheck } from './protocol.js'

// Not an interface: jax-js takes objects of arrays, and an interface is not known to be one.
type State = { weights: JaxWeights; means: JaxWeights; squares: JaxWeights }
type StepResult = { state: State; loss: Jax }

const material = readMaterial(process.argv[2] ?? '')
const { training, learningRate, weightDecay } = material
const about = await startJax()

const arrayOf = ({ data, shape }: MaterialArray): Jax =>
  np.array(data as Float32Array<ArrayBuffer>, {
    shape: [...shape],
    dtype: data instanceof Int32Array ? np.int32 : np.float32,
  })

const mapped = (weights: JaxWeights, change: (name: string) => Jax): JaxWeights =>
  Object.fromEntries(Object.keys(weights).map((name) => [name, change(name)]))

const DECAY = training.optimizer === 'adamW' ? learningRate * weightDecay : 0

/** Adam. `corrections` are 1 − β₁ᵗ and 1 − β₂ᵗ. */
function updated(state: State, gradients: JaxWeights, corrections: Jax): State {
  const of = (arrays: JaxWeights, name: string): Jax => arrays[name] as Jax
  const [first, second] = np.split(corrections, 2) as [Jax, Jax]
  const means = mapped(state.means, (name) => of(state.means, name).mul(0.9).add(of(gradients, name).ref.mul(0.1)))
  const squares = mapped(state.squares, (name) => {
    const gradient = of(gradients, name)
    return of(state.squares, name).mul(0.999).add(gradient.ref.mul(gradient).mul(0.001))
  })
  const weights = mapped(state.weights, (name) => {
    const root = np.sqrt(of(squares, name).ref.div(second.ref)).add(1e-8)
    const change = of(means, name).ref.div(first.ref).div(root).mul(learningRate)
    return of(state.weights, name)
      .mul(1 - DECAY)
      .sub(change)
  })
  first.dispose()
  second.dispose()
  return { weights, means, squares }
}

const step = jit((state: State, corrections: Jax, inputs: Jax, labels: Jax): StepResult => {
  const { weights, means, squares } = state
  const loss = (variables: JaxWeights, x: Jax, y: Jax): Jax => jaxLoss(training.model, variables, x, y)
  const held = mapped(weights, (name) => (weights[name] as Jax).ref)
  const [value, gradients] = valueAndGrad(loss)(held, inputs, labels) as [Jax, JaxWeights]
  return { state: updated({ weights, means, squares }, gradients, corrections), loss: value }
})

const zerosLike = (): JaxWeights =>
  Object.fromEntries([...material.weights].map(([name, { shape }]) => [name, np.zeros([...shape])]))

const check = new LossCheck(training.checkStep)
let state: State = {
  weights: Object.fromEntries([...material.weights].map(([name, values]) => [name, arrayOf(values)])),
  means: zerosLike(),
  squares: zerosLike(),
}
let count = 0
for (const batch of askedFor(material.batches, about, check)) {
  count++
  const corrections = np.array(new Float32Array([1 - 0.9 ** count, 1 - 0.999 ** count]))
  const result = step(state, corrections, arrayOf(batch.inputs), arrayOf(batch.labels)) as StepResult
  state = result.state
  await blockUntilReady(state.weights)
  await check.seeAsync(async () => (await result.loss.ref.data())[0] as number)
  result.loss.dispose()
}
