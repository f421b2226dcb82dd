import {
  assignPaths,
  copy,
  type Gradients,
  values as initialValues,
  type Optimizer,
  type OptimizerSlot,
  Parameter,
  ParameterTree,
} from '@levin/core'
import { mul, scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { assertAllClose, type Tolerance } from './all-close.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectJson, expectNoLeak, expectRefusal, expectTrue, throughJson } from './expectations.js'

export interface OptimizerHarness extends KnownFailures {
  /** An optimizer of the kind, over exactly these parameters, all in one group. */
  create(parameters: readonly Parameter[], options: { learningRate: number }): Optimizer
  /** Of scaling and clipping against the same done by hand. Default `{ rtol: 1e-5, atol: 1e-7 }`. */
  readonly tolerance?: Tolerance
}

class Pair extends ParameterTree {
  readonly weight = new Parameter([2, 3], initialValues([0.5, -1, 2, 0.25, -0.125, 1.5]))
  readonly bias = new Parameter([3], initialValues([0.1, -0.2, 0.3]))

  constructor() {
    super()
    assignPaths(this)
    for (const parameter of this.parameters()) parameter.materialise({ seed: 0 })
  }

  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose()
  }
}

/** Everything that the Trainer and the strategies rely on in an optimizer. tfjs needs a backend that is set up. */
export function optimizerCases(harness: OptimizerHarness): ConformanceCase[] {
  const { tolerance = { rtol: 1e-5, atol: 1e-7 } } = harness
  const bench = (body: (bench: Bench) => unknown) => async () => {
    const each = new Bench(harness, tolerance)
    try {
      await body(each)
    } finally {
      each.dispose()
    }
  }
  return conformanceCases(
    {
      'shows its parameters and learning rate in groups': bench(checkGroups),
      'changes parameters in place, and gradients not at all': bench(checkInPlace),
      'lowers a quadratic loss': bench(checkDescent),
      'leaves a parameter alone that has no gradient': bench(checkMissing),
      'takes the learning rate of its group at each step': bench(checkLearningRate),
      'scales gradients by a number or by a scalar on the device': bench(checkScale),
      'clips by value after scaling': bench(checkClipping),
      'sums squares over all gradients, and over none': bench(checkNorm),
      'has no state before the first step, and state by path afterwards': bench(checkSlots),
      'goes on bit for bit from saved state': bench(checkResume),
      'refuses the state of other parameters, and stays as it was': bench(checkForeignState),
      'updates each element by itself where it says so': bench(checkSharding),
      'leaves no tensor but its state, and none after dispose': bench(checkLeaks),
    },
    harness,
  )
}

class Bench {
  readonly harness: OptimizerHarness
  readonly tolerance: Tolerance
  readonly #made: { dispose(): void }[] = []

  constructor(harness: OptimizerHarness, tolerance: Tolerance) {
    this.harness = harness
    this.tolerance = tolerance
  }

  /** Two parameters of known values with an optimizer of their own. */
  pair(learningRate = 0.05): { tree: Pair; optimizer: Optimizer } {
    const tree = new Pair()
    const optimizer = this.harness.create(tree.parameters(), { learningRate })
    this.#made.push(optimizer, tree)
    return { tree, optimizer }
  }

  /** Gradients that differ by element and step. */
  step(
    optimizer: Optimizer,
    tree: Pair,
    index: number,
    options: Parameters<Optimizer['step']>[1] = {},
    factor = 1,
  ): void {
    const gradients = gradientsOf(tree, index, factor)
    optimizer.step(gradients, options)
    disposeAll(gradients)
  }

  dispose(): void {
    for (const made of this.#made.splice(0)) made.dispose()
  }
}

const gradientValues = (size: number, index: number, factor: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => factor * Math.sin(1 + i + 3 * index))

const gradientsOf = (tree: Pair, index: number, factor = 1): Map<Parameter, Tensor> =>
  new Map(tree.parameters().map((p) => [p, tensor(gradientValues(p.size, index, factor), [...p.shape])]))

const disposeAll = (gradients: Gradients): void => {
  for (const gradient of gradients.values()) gradient.dispose()
}

const valuesOf = async (tree: Pair): Promise<number[]> =>
  (await Promise.all(tree.parameters().map(async ({ value }) => [...(await value.data())]))).flat()

function checkGroups(bench: Bench): void {
  const { tree, optimizer } = bench.pair()
  expectTrue(optimizer.name.length > 0, 'An optimizer needs a name: its learning rate is logged under it.')
  expectEqual(optimizer.groups.flatMap(({ parameters }) => parameters).length, tree.parameters().length, 'parameters')
  expectEqual(
    [optimizer.groups[0]?.learningRate, optimizer.groups[0]?.baseLearningRate],
    [0.05, 0.05],
    'learning rates',
  )
}

async function checkInPlace(bench: Bench): Promise<void> {
  const { tree, optimizer } = bench.pair()
  const before = await valuesOf(tree)
  const gradients = gradientsOf(tree, 0)
  const copies = [...gradients.values()].map((gradient) => [...gradient.dataSync()])
  optimizer.step(gradients)
  const after = await valuesOf(tree)
  expectTrue(
    after.every((value, i) => value !== before[i]),
    'step() left a parameter as it was.',
  )
  for (const [i, gradient] of [...gradients.values()].entries()) {
    expectTrue(!gradient.isDisposed, 'step() disposed a gradient, which is the caller’s.')
    expectEqual([...(await gradient.data())], copies[i], 'a gradient after step()')
  }
  disposeAll(gradients)
}

async function checkDescent(bench: Bench): Promise<void> {
  const { tree, optimizer } = bench.pair(0.05)
  const loss = async () => (await valuesOf(tree)).reduce((total, value) => total + value * value, 0)
  const first = await loss()
  for (let i = 0; i < 50; i++) {
    const gradients = new Map(tree.parameters().map((p) => [p, mul(p.value, 2)]))
    optimizer.step(gradients)
    disposeAll(gradients)
  }
  const last = await loss()
  expectTrue(last < first / 2, `Fifty steps brought Σ x² from ${first} to ${last} only.`)
}

async function checkMissing(bench: Bench): Promise<void> {
  const { tree, optimizer } = bench.pair()
  const before = [...(await tree.bias.value.data())]
  const gradients = gradientsOf(tree, 0)
  gradients.get(tree.bias)?.dispose()
  gradients.delete(tree.bias)
  optimizer.step(gradients)
  optimizer.step(gradients)
  expectEqual([...(await tree.bias.value.data())], before, 'the parameter without a gradient')
  disposeAll(gradients)
  bench.step(optimizer, tree, 1)
  expectTrue((await tree.bias.value.data())[0] !== before[0], 'The parameter stays unchanged once it has a gradient.')
}

async function checkLearningRate(bench: Bench): Promise<void> {
  const one = bench.pair(0.01)
  const other = bench.pair(0.04)
  for (const group of other.optimizer.groups) group.learningRate = 0.01
  bench.step(one.optimizer, one.tree, 0)
  bench.step(other.optimizer, other.tree, 0)
  expectEqual(await valuesOf(other.tree), await valuesOf(one.tree), 'parameters after a step at the rate of the group')
}

async function checkScale(bench: Bench): Promise<void> {
  const [byHand, byNumber, byScalar] = [bench.pair(), bench.pair(), bench.pair()]
  const factor = scalar(0.25)
  for (let i = 0; i < 3; i++) {
    bench.step(byHand.optimizer, byHand.tree, i, {}, 0.25)
    bench.step(byNumber.optimizer, byNumber.tree, i, { gradientScale: 0.25 })
    bench.step(byScalar.optimizer, byScalar.tree, i, { gradientScale: factor })
  }
  expectTrue(!factor.isDisposed, 'step() disposed gradientScale, which is the caller’s.')
  factor.dispose()
  const expected = await valuesOf(byHand.tree)
  assertAllClose(await valuesOf(byNumber.tree), expected, bench.tolerance, 'gradientScale as a number')
  assertAllClose(await valuesOf(byScalar.tree), expected, bench.tolerance, 'gradientScale as a scalar')
}

async function checkClipping(bench: Bench): Promise<void> {
  const byHand = bench.pair()
  const clipped = bench.pair()
  const gradients = new Map(
    byHand.tree.parameters().map((p) => {
      const bounded = gradientValues(p.size, 0, 2).map((value) => Math.max(-0.5, Math.min(0.5, value)))
      return [p, tensor(bounded, [...p.shape])] as const
    }),
  )
  byHand.optimizer.step(gradients)
  disposeAll(gradients)
  bench.step(clipped.optimizer, clipped.tree, 0, { gradientScale: 2, clipValue: 0.5 })
  assertAllClose(await valuesOf(clipped.tree), await valuesOf(byHand.tree), bench.tolerance, 'clipValue')
}

async function checkNorm(bench: Bench): Promise<void> {
  const { tree, optimizer } = bench.pair()
  const gradients = gradientsOf(tree, 0)
  const norm = optimizer.squaredNorm(gradients)
  expectEqual([...norm.shape], [], 'shape of squaredNorm()')
  const expected = [...gradients.values()].flatMap((g) => [...g.dataSync()]).reduce((total, x) => total + x * x, 0)
  assertAllClose([...(await norm.data())], [expected], { rtol: 1e-5 }, 'squaredNorm()')
  norm.dispose()
  disposeAll(gradients)
  const none = optimizer.squaredNorm(new Map())
  expectEqual([...(await none.data())], [0], 'squaredNorm() of no gradients')
  none.dispose()
}

function checkSlots(bench: Bench): void {
  const { tree, optimizer } = bench.pair()
  expectEqual([...optimizer.slots()].length, 0, 'slots before the first step')
  expectJson(optimizer.state(), 'state() before the first step')
  bench.step(optimizer, tree, 0)
  expectJson(optimizer.state(), 'state()')
  const keys = [...optimizer.slots()].map(({ parameter, slot }) => `${parameter.path}/${slot}`)
  expectEqual(new Set(keys).size, keys.length, 'distinct slots')
  for (const { parameter, slot } of optimizer.slots()) {
    expectTrue(tree.parameters().includes(parameter), `The slot '${slot}' is of a parameter that is not trained.`)
    expectTrue(!slot.includes('/'), `The slot name '${slot}' holds a '/', which divides path and slot in checkpoints.`)
  }
}

/** Slots as a checkpoint brings them back: values of their own, found again by path. */
function restored(optimizer: Optimizer, tree: Pair): OptimizerSlot[] {
  const byPath = new Map(tree.parameters().map((parameter) => [parameter.path, parameter]))
  return [...optimizer.slots()].map(({ parameter, slot, value }) => ({
    parameter: byPath.get(parameter.path) as Parameter,
    slot,
    value: tidy(() => copy(value)),
  }))
}

async function checkResume(bench: Bench): Promise<void> {
  const straight = bench.pair()
  for (let i = 0; i < 3; i++) bench.step(straight.optimizer, straight.tree, i)
  const resumed = bench.pair()
  for (const [i, parameter] of resumed.tree.parameters().entries())
    parameter.assign(tidy(() => copy((straight.tree.parameters()[i] as Parameter).value)))
  resumed.optimizer.load(throughJson(straight.optimizer.state()), restored(straight.optimizer, resumed.tree))
  for (let i = 3; i < 6; i++) {
    bench.step(straight.optimizer, straight.tree, i)
    bench.step(resumed.optimizer, resumed.tree, i)
  }
  expectEqual(await valuesOf(resumed.tree), await valuesOf(straight.tree), 'parameters after resuming')
}

async function checkForeignState(bench: Bench): Promise<void> {
  const { tree, optimizer } = bench.pair()
  bench.step(optimizer, tree, 0)
  const saved = throughJson(optimizer.state())
  const foreign = () => ({ parameter: tree.weight, slot: 'noSuchSlot', value: tensor([1]) })
  await expectRefusal(
    () => optimizer.load(saved, [...restored(optimizer, tree), foreign()]),
    'LEVIN_CHECKPOINT_MISMATCH',
    'load() of an unknown slot',
  )
  await expectRefusal(
    () => optimizer.load({ ...saved, name: 'some other optimizer' }, restored(optimizer, tree)),
    'LEVIN_CHECKPOINT_MISMATCH',
    "load() of another optimizer's state",
  )
  const first = [...optimizer.slots()][0]
  if (first) {
    const wrong = { ...first, value: tensor([1, 2, 3, 4, 5, 6, 7]) }
    const others = restored(optimizer, tree).slice(1)
    await expectRefusal(
      () => optimizer.load(saved, [wrong, ...others]),
      'LEVIN_CHECKPOINT_MISMATCH',
      'load() of a wrong shape',
    )
    await expectRefusal(() => optimizer.load(saved, []), 'LEVIN_CHECKPOINT_MISMATCH', 'load() without the slots')
  }
  const twin = bench.pair()
  bench.step(twin.optimizer, twin.tree, 0)
  bench.step(optimizer, tree, 1)
  bench.step(twin.optimizer, twin.tree, 1)
  expectEqual(await valuesOf(tree), await valuesOf(twin.tree), 'parameters after loads that were refused')
}

class Single extends ParameterTree {
  readonly part: Parameter

  constructor(values: readonly number[]) {
    super()
    this.part = new Parameter([values.length], initialValues([...values]))
    assignPaths(this)
    this.part.materialise({ seed: 0 })
  }
}

async function checkSharding({ harness, tolerance }: Bench): Promise<void> {
  const values = [1, -2, 3, 4]
  const whole = await trainSlices(harness, [values], (index) => [gradientValues(4, index, 1)])
  const halves = await trainSlices(harness, [values.slice(0, 2), values.slice(2)], (index) => {
    const gradient = gradientValues(4, index, 1)
    return [gradient.slice(0, 2), gradient.slice(2)]
  })
  if (whole.sharding === 'element') assertAllClose(halves.values, whole.values, tolerance, "sharding: 'element'")
}

async function trainSlices(
  harness: OptimizerHarness,
  slices: readonly (readonly number[])[],
  gradientsAt: (index: number) => readonly Float32Array[],
): Promise<{ values: number[]; sharding: 'element' | 'tensor' }> {
  const trees = slices.map((slice) => new Single(slice))
  // One optimizer per slice, as ranks have them.
  const optimizers = trees.map((tree) => harness.create([tree.part], { learningRate: 0.05 }))
  for (let index = 0; index < 3; index++) {
    for (const [i, gradient] of gradientsAt(index).entries()) {
      const uploaded = tensor(gradient)
      optimizers[i]?.step(new Map([[trees[i]?.part as Parameter, uploaded]]))
      uploaded.dispose()
    }
  }
  const values = (await Promise.all(trees.map(async ({ part }) => [...(await part.value.data())]))).flat()
  for (const optimizer of optimizers) optimizer.dispose()
  for (const { part } of trees) part.dispose()
  return { values, sharding: optimizers[0]?.sharding ?? 'element' }
}

async function checkLeaks(bench: Bench): Promise<void> {
  const run = () => {
    const tree = new Pair()
    const optimizer = bench.harness.create(tree.parameters(), { learningRate: 0.05 })
    bench.step(optimizer, tree, 0)
    optimizer.dispose()
    optimizer.dispose()
    tree.dispose()
  }
  run()
  await expectNoLeak(run, 'an optimizer from its making to dispose()')
  const { tree, optimizer } = bench.pair()
  bench.step(optimizer, tree, 0)
  await expectNoLeak(() => {
    for (let i = 1; i < 5; i++) bench.step(optimizer, tree, i, { gradientScale: 0.5, clipValue: 1 })
  }, 'four steps')
}
