import { LevinError, type Optimizer, type OptimizerSlot, type Parameter, VariableParameter } from '@levin/core'
import { accumulate } from '@levin/ops'
import {
  registerKernel,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
  unregisterKernel,
  variable,
  zeros,
} from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { adam, adamW, decayGroups, rmsprop, sgd } from '../src/index.js'
import { backend } from './backend.js'
import { aliveTensors, disposeAll, expectClose, gradientsOf, parametersOf, read } from './parameters.js'

const SHAPES = [[2, 2], [3]]
const INITIAL = [
  [1, -2, 3, -4],
  [0.5, 0.25, -0.125],
]
const ROWS = [
  [
    [0.1, -0.2, 0.3, 0.4],
    [1, 2, -3],
  ],
  [
    [-0.3, 0.1, 0.2, 0.9],
    [0.5, -1, 1],
  ],
  [
    [0.7, 0.2, -0.6, 0.1],
    [2, 0.1, 0.3],
  ],
] as const

const parameters = (): Parameter[] => parametersOf(INITIAL, SHAPES)

function stepWith(optimizer: Optimizer, list: readonly Parameter[], row: readonly (readonly number[] | null)[]): void {
  const gradients = gradientsOf(list, row)
  optimizer.step(gradients)
  disposeAll(gradients.values())
}

/** The slots with data of their own, as a checkpoint would bring them back. */
const copies = (optimizer: Optimizer, list: readonly Parameter[]): OptimizerSlot[] =>
  [...optimizer.slots()].map(({ parameter, slot, value }) => ({
    parameter: list.find(({ path }) => path === parameter.path) as Parameter,
    slot,
    value: tensor(value.dataSync<'float32'>().slice(), value.shape),
  }))

const makers = {
  sgd: (list: Parameter[]) => sgd(list, { learningRate: 0.1, momentum: 0.9, dampening: 0.5 }),
  adam: (list: Parameter[]) => adam(list, { learningRate: 0.1, amsgrad: true }),
  adamW: (list: Parameter[]) => adamW(list, { learningRate: 0.1 }),
  rmsprop: (list: Parameter[]) => rmsprop(list, { learningRate: 0.1, momentum: 0.9, centered: true }),
}
const named = Object.entries(makers)

describe('a step', () => {
  it('leaves alone what has no gradient or is frozen, and keeps no state for it', () => {
    const list = parameters()
    const optimizer = adam(list)
    const [first, second] = list as [Parameter, Parameter]
    stepWith(optimizer, list, [ROWS[0][0], null])
    expect(read(second)).toEqual(INITIAL[1])
    first.trainable = false
    const frozen = read(first)
    stepWith(optimizer, list, ROWS[1])
    expect(read(first)).toEqual(frozen)
    expect([...optimizer.slots()].map(({ parameter, slot }) => `${parameter.path}/${slot}`)).toEqual([
      'p0/firstMoment',
      'p0/secondMoment',
      'p1/firstMoment',
      'p1/secondMoment',
    ])
    expect(optimizer.state().updates).toEqual({ p0: 1, p1: 1 })
  })

  it('ignores gradients of parameters that are another optimizer’s', () => {
    const list = parameters()
    const optimizer = sgd(list.slice(0, 1), { learningRate: 1 })
    stepWith(optimizer, list, ROWS[0])
    expectClose(read(list[0] as Parameter), [0.9, -1.8, 2.7, -4.4])
    expect(read(list[1] as Parameter)).toEqual(INITIAL[1])
  })

  it('of accumulated gradients is the step of their sum', () => {
    const [one, other] = [parameters(), parameters()]
    const row = ROWS[0].map((values, index) => values.map((value, i) => value + (ROWS[1][index]?.[i] ?? 0)))
    stepWith(adam(one, { learningRate: 0.1 }), one, row)
    const gradients = gradientsOf(other, ROWS[0])
    const more = gradientsOf(other, ROWS[1])
    for (const [parameter, gradient] of gradients)
      gradients.set(parameter, accumulate(gradient, more.get(parameter) as Tensor))
    adam(other, { learningRate: 0.1 }).step(gradients)
    for (const [index, parameter] of one.entries()) expectClose(read(other[index] as Parameter), read(parameter))
  })

  it('changes nothing when one gradient does not fit', () => {
    const list = parameters()
    const optimizer = sgd(list, { learningRate: 1 })
    const gradients = gradientsOf(list, ROWS[0])
    gradients.set(list[1] as Parameter, zeros([4]))
    expect(() => optimizer.step(gradients)).toThrow(
      /gradient of 'p1'.*float32 tensor of shape \[3\], found a float32 tensor of shape \[4\]/,
    )
    gradients.set(list[1] as Parameter, zeros([3], 'int32'))
    expect(() => optimizer.step(gradients)).toThrow(/found an int32 tensor of shape \[3\]/)
    const gone = zeros([3])
    gone.dispose()
    gradients.set(list[1] as Parameter, gone)
    expect(() => optimizer.step(gradients)).toThrow(/that has been disposed/)
    expect(list.map(read)).toEqual(INITIAL)
  })

  it('trains a tf.Variable', () => {
    const weights = VariableParameter.of(variable(tensor1d([1, 2])))
    const optimizer = sgd([weights], { learningRate: 0.5, momentum: 0.9 })
    const gradient = tensor1d([2, -2])
    const before = aliveTensors()
    optimizer.step(new Map([[weights, gradient]]))
    expect(read(weights)).toEqual([0, 3])
    expect(weights.variable.isDisposed).toBe(false)
    expect(aliveTensors()).toBe(before + 1)
  })
})

describe('groups', () => {
  it('have learning rates and options of their own', () => {
    const list = parameters()
    const [first, second] = list as [Parameter, Parameter]
    const optimizer = sgd(
      [
        { parameters: [first], learningRate: 1, name: 'body' },
        { parameters: [second], weightDecay: 1, momentum: 0.5 },
      ],
      { learningRate: 0.5 },
    )
    expect(
      optimizer.groups.map(({ name, baseLearningRate, weightDecay }) => [name, baseLearningRate, weightDecay]),
    ).toEqual([
      ['body', 1, 0],
      ['group 1', 0.5, 1],
    ])
    stepWith(optimizer, list, ROWS[0])
    expectClose(read(first), [0.9, -1.8, 2.7, -4.4])
    expectClose(read(second), [0.5 - 0.75, 0.25 - 1.125, -0.125 + 1.5625])
    expect([...optimizer.slots()].map(({ parameter }) => parameter)).toEqual([second])
  })

  it('follow the learning rate in force', () => {
    const list = parameters()
    const optimizer = sgd(list, { learningRate: 1 })
    const [group] = optimizer.groups
    if (group) group.learningRate = group.baseLearningRate * 0.5
    stepWith(optimizer, list, ROWS[0])
    expectClose(read(list[0] as Parameter), [0.95, -1.9, 2.85, -4.2])
  })

  it('by decay put weights on one side, biases and norms on the other', () => {
    const list = parameters()
    const groups = decayGroups(list, { weightDecay: 0.1 })
    expect(groups.map(({ name, parameters, weightDecay }) => [name, parameters, weightDecay])).toEqual([
      ['decay', [list[0]], 0.1],
      ['no decay', [list[1]], 0],
    ])
    expect(adamW(groups).groups.map(({ weightDecay }) => weightDecay)).toEqual([0.1, 0])
    expect(decayGroups(list.slice(0, 1), { weightDecay: 0.1 })).toHaveLength(1)
  })
})

describe('a backend with the kernel', () => {
  afterEach(() => unregisterKernel('LevinSgdUpdate', backend.name))

  it('is called once per group, and changes parameters and state in place', () => {
    const calls: { inputs: Tensor[]; attrs: Record<string, unknown> }[] = []
    registerKernel({
      kernelName: 'LevinSgdUpdate',
      backendName: backend.name,
      kernelFunc({ inputs, attrs }) {
        calls.push({ inputs: Object.values(inputs) as Tensor[], attrs: attrs as Record<string, unknown> })
        return []
      },
    })
    const list = parameters()
    const [first, second] = list as [Parameter, Parameter]
    const values = list.map(({ value }) => value)
    const optimizer = sgd([{ parameters: [first, second] }], { momentum: 0.9 })
    const gradients = gradientsOf(list, ROWS[0])
    const before = aliveTensors()
    optimizer.step(gradients, { clipValue: 2 })
    expect(aliveTensors()).toBe(before + 2)
    optimizer.step(gradients)
    expect(aliveTensors()).toBe(before + 2)
    expect(list.map(({ value }) => value)).toEqual(values)
    expect(calls.map(({ attrs }) => [attrs.count, attrs.clipValue, attrs.firstStep])).toEqual([
      [2, 2, true],
      [2, 0, false],
    ])
    expect(calls[0]?.inputs.map(({ shape }) => shape)).toEqual([[2, 2], [2, 2], [2, 2], [3], [3], [3]])
    stepWith(sgd([{ parameters: [first] }, { parameters: [second] }], { momentum: 0.9 }), list, ROWS[0])
    expect(calls).toHaveLength(4)
  })

  it('leaks nothing when it fails, and counts no update', () => {
    registerKernel({
      kernelName: 'LevinSgdUpdate',
      backendName: backend.name,
      kernelFunc() {
        throw new Error('no room')
      },
    })
    const list = parameters()
    const optimizer = sgd(list, { momentum: 0.9 })
    const gradients = gradientsOf(list, ROWS[0])
    const before = aliveTensors()
    expect(() => optimizer.step(gradients)).toThrow('no room')
    expect(aliveTensors()).toBe(before)
    expect(optimizer.state().updates).toEqual({})
    expect([...optimizer.slots()]).toEqual([])
  })
})

describe.each(named)('%s: memory', (_, make) => {
  it('holds its slots between steps and nothing else, in a tidy scope or out of it', () => {
    const start = aliveTensors()
    const list = parameters()
    const optimizer = make(list)
    stepWith(optimizer, list, ROWS[0])
    const slots = [...optimizer.slots()].length
    expect(aliveTensors()).toBe(start + 2 + slots)
    tidy(() => stepWith(optimizer, list, ROWS[1]))
    expect(aliveTensors()).toBe(start + 2 + slots)
    for (const { value } of optimizer.slots()) expect(value.isDisposed).toBe(false)
    optimizer.dispose()
    optimizer.dispose()
    expect(aliveTensors()).toBe(start + 2)
    expect([...optimizer.slots()]).toEqual([])
    expect(() => stepWith(optimizer, list, ROWS[2])).toThrow(/has been disposed/)
    disposeAll(list.map(({ value }) => value))
  })

  it('is freed when an operation fails half-way through the parameters', () => {
    const list = parameters()
    const optimizer = make(list)
    const gradients = gradientsOf(list, ROWS[0])
    optimizer.step(gradients)
    const before = aliveTensors()
    const slotsBefore = [...optimizer.slots()].length
    const bad = new Map(gradients)
    // Passes every check and fails when the kernel asks for its data.
    const [, second] = list as [Parameter, Parameter]
    const gradient = Object.create(gradients.get(second) as Tensor, { dataId: { value: {} } }) as Tensor
    bad.set(second, gradient)
    expect(() => optimizer.step(bad)).toThrow()
    expect(aliveTensors()).toBe(before)
    expect([...optimizer.slots()]).toHaveLength(slotsBefore)
    expect(optimizer.state().updates).toEqual({ p0: 2, p1: 1 })
    optimizer.step(gradients)
    expect(optimizer.state().updates).toEqual({ p0: 3, p1: 2 })
  })
})

describe.each(named)('%s: state', (_, make) => {
  it('goes through JSON and tensors, and the next steps are the same bit for bit', () => {
    const list = parameters()
    const optimizer = make(list)
    stepWith(optimizer, list, ROWS[0])
    stepWith(optimizer, list, [ROWS[1][0], null])
    const [group] = optimizer.groups
    if (group) group.learningRate = 0.05
    const other = parametersOf(list.map(read), SHAPES)
    const resumed = make(other)
    const before = aliveTensors()
    resumed.load(JSON.parse(JSON.stringify(optimizer.state())), copies(optimizer, other))
    expect(aliveTensors()).toBe(before + [...optimizer.slots()].length)
    expect(resumed.groups[0]?.learningRate).toBe(0.05)
    for (const row of [ROWS[2], ROWS[0], ROWS[1]]) {
      stepWith(optimizer, list, row)
      stepWith(resumed, other, row)
      expect(other.map(read)).toEqual(list.map(read))
    }
    expect(resumed.state()).toEqual(optimizer.state())
  })

  it('replaces and frees what was there', () => {
    const list = parameters()
    const optimizer = make(list)
    stepWith(optimizer, list, ROWS[0])
    const saved = { state: optimizer.state(), slots: copies(optimizer, list) }
    stepWith(optimizer, list, ROWS[1])
    const before = aliveTensors()
    optimizer.load(saved.state, saved.slots)
    expect(aliveTensors()).toBe(before - saved.slots.length)
    expect(optimizer.state()).toEqual(saved.state)
    optimizer.load(optimizer.state(), optimizer.slots())
    expect([...optimizer.slots()].every(({ value }) => !value.isDisposed)).toBe(true)
  })
})

describe('loading', () => {
  it('gives a tensor whose data somebody else holds data of its own', () => {
    const list = parameters()
    const optimizer = makers.adam(list)
    stepWith(optimizer, list, ROWS[0])
    const shared = [...optimizer.slots()].map((slot) => ({ ...slot, value: slot.value.clone() }))
    const resumed = makers.adam(list)
    resumed.load(optimizer.state(), shared)
    const data = (held: Optimizer) => [...held.slots()].map(({ value }) => value.dataId)
    expect(data(resumed).some((id) => data(optimizer).includes(id))).toBe(false)
    expect([...resumed.slots()].map(read)).toEqual([...optimizer.slots()].map(read))
  })

  const refusals: readonly (readonly [
    string,
    RegExp,
    (state: Saved, slots: OptimizerSlot[]) => readonly [unknown, OptimizerSlot[]],
  ])[] = [
    [
      'another optimizer',
      /is of the optimizer 'sgd', this one is 'adam'/,
      (state, slots) => [{ ...state, name: 'sgd' }, slots],
    ],
    [
      'a missing slot',
      /lacks 'firstMoment' of 'p0', which has had 1 updates/,
      (state, slots) => [state, slots.slice(1)],
    ],
    [
      'an unknown slot',
      /has 'momentum' of 'p0', which is not kept with these options/,
      (state, slots) => [
        state,
        slots.map((each, index) => (index ? each : { ...each, slot: 'momentum' })).concat(slots[0] ?? []),
      ],
    ],
    [
      'a slot of another shape',
      /'firstMoment' of 'p0' is a float32 tensor of shape \[4\] in it, and float32 of \[2, 2\] here/,
      (state, [first, ...slots]) => [state, [{ ...(first as OptimizerSlot), value: zeros([4]) }, ...slots]],
    ],
    ['a slot twice', /has 'firstMoment' of 'p0' twice/, (state, slots) => [state, [...slots, ...slots.slice(0, 1)]]],
    [
      'counts of an unknown parameter',
      /state for 'net.9', which this adam does not train/,
      (state, slots) => [{ ...state, updates: { ...state.updates, 'net.9': 1 } }, slots],
    ],
    [
      'slots that no update accounts for',
      /'firstMoment' of 'p0', which belongs to no update that it counts/,
      (state, slots) => [{ ...state, updates: { p1: 1 } }, slots],
    ],
    [
      'counts that are none',
      /`updates` should be counts.*'p0' is 0/,
      (state, slots) => [{ ...state, updates: { p0: 0 } }, slots],
    ],
    ['no counts', /`updates` should be counts.*are undefined/, ({ name }, slots) => [{ name }, slots]],
    [
      'other groups',
      /no parameter group 'group 0'; its groups are 'head'/,
      (state, slots) => [{ ...state, learningRates: { head: 1 } }, slots],
    ],
    ['nothing', /is of the optimizer undefined/, (_, slots) => [null, slots]],
  ]

  it.each(refusals)('refuses %s before it changes anything, and frees what it was handed', (_, message, alter) => {
    const list = parameters()
    const optimizer = makers.adam(list)
    stepWith(optimizer, list, ROWS[0])
    const before = aliveTensors()
    const kept = [...optimizer.slots()].map(({ value }) => value)
    const counts = optimizer.state()
    const own = copies(optimizer, list)
    const [state, slots] = alter(counts as Saved, own)
    let error: unknown
    try {
      optimizer.load(state as Saved, slots)
    } catch (thrown) {
      error = thrown
    }
    expect(String(error)).toMatch(message)
    expect(LevinError.isInstance(error, 'LEVIN_CHECKPOINT_MISMATCH')).toBe(true)
    disposeAll(own.map(({ value }) => value))
    expect(aliveTensors()).toBe(before)
    expect([...optimizer.slots()].map(({ value }) => value)).toEqual(kept)
    expect(optimizer.state()).toEqual(counts)
  })

  it('needs parameters that have paths', () => {
    const list = [...parameters(), ...parameters()]
    const optimizer = sgd(list)
    stepWith(optimizer, list, [...ROWS[0], ...ROWS[0]])
    expect(() => optimizer.state()).toThrow(/Two parameters of sgd have the path 'p0'/)
  })
})

type Saved = ReturnType<Optimizer['state']> & { readonly updates: Record<string, number> }

describe('squaredNorm', () => {
  it('sums over the optimizer’s own trainable parameters, and is the caller’s in and out of a scope', () => {
    const list = parameters()
    const optimizer = sgd(list)
    const gradients = gradientsOf(list, ROWS[0])
    const before = aliveTensors()
    const norm = tidy(() => optimizer.squaredNorm(gradients).clone() && optimizer.squaredNorm(gradients))
    expectClose([...norm.dataSync()], [0.01 + 0.04 + 0.09 + 0.16 + 14])
    ;(list[1] as Parameter).trainable = false
    const rest = optimizer.squaredNorm(gradients)
    expectClose([...rest.dataSync()], [0.3])
    disposeAll([norm, rest])
    const none = optimizer.squaredNorm(new Map())
    expect([...none.dataSync()]).toEqual([0])
    none.dispose()
    expect(aliveTensors() - before).toBe(1)
  })
})
