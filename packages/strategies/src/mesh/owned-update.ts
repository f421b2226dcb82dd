import { type Gradients, keep, type Parameter, type ProcessGroup } from '@levin/core'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import { replaceValue } from '../group/same-module.js'
import type { TensorAccess } from '../group/tensor-access.js'
import { nothingOf } from './holdings.js'

/**
 * ZeRO's first stage over ranks that hold the same parameters: each updates some of them, whole tensors, and has the optimizer's state
 * of these alone. The others get the new values from it.
 */
export class OwnedUpdate {
  readonly #group: ProcessGroup
  readonly #access: TensorAccess
  readonly #owners: ReadonlyMap<Parameter, number>

  /** @param parameters that this rank holds, in an order that is the same on all ranks of the group */
  constructor(parameters: readonly Parameter[], group: ProcessGroup, access: TensorAccess) {
    this.#group = group
    this.#access = access
    this.#owners = ownersOf(parameters, group.size)
  }

  /** Whether this rank updates it. */
  owns(parameter: Parameter): boolean {
    return this.ownerOf(parameter) === this.#group.rank
  }

  /** Runs an update of the parameters that this rank owns; of the others the optimizer sees none of the elements. */
  async run(gradients: Gradients, update: (own: Gradients) => Promise<void>): Promise<void> {
    const others = [...gradients.keys()].filter((parameter) => this.#isElsewhere(parameter))
    const nothings = new Map<Parameter, Tensor>()
    try {
      await this.without(others, async () => {
        for (const parameter of others) nothings.set(parameter, keep(zeros([...parameter.layout.shape])))
        await update(
          new Map([...gradients].map(([parameter, gradient]) => [parameter, nothings.get(parameter) ?? gradient])),
        )
      })
    } finally {
      for (const nothing of nothings.values()) nothing.dispose()
    }
    for (const parameter of gradients.keys()) if (this.#owners.has(parameter)) await this.#handOut(parameter)
  }

  /** Runs `body` while others' parameters have no elements here. */
  async without(parameters: readonly Parameter[], body: () => void | Promise<void>): Promise<void> {
    const wholes = new Map<Parameter, { readonly value: Tensor; readonly shard: Parameter['shard'] }>()
    try {
      for (const parameter of parameters) {
        const { shard } = parameter
        const nothing = nothingOf(parameter)
        const empty = zeros([...nothing.shape]) as Tensor
        wholes.set(parameter, { value: parameter.exchange(nothing, empty), shard })
      }
      await body()
    } finally {
      for (const [parameter, { value, shard }] of wholes) parameter.exchange(shard, value).dispose()
    }
  }

  /** The parameters of a list that another rank updates. */
  elsewhere(parameters: readonly Parameter[]): readonly Parameter[] {
    return parameters.filter((parameter) => this.#isElsewhere(parameter))
  }

  #isElsewhere(parameter: Parameter): boolean {
    return this.#owners.has(parameter) && !this.owns(parameter)
  }

  ownerOf(parameter: Parameter): number | undefined {
    return this.#owners.get(parameter)
  }

  /** From its owner to the others, in their memory where that is the host's. */
  async #handOut(parameter: Parameter): Promise<void> {
    const owner = this.ownerOf(parameter) as number
    const { blocking, asynchronous } = this.#group
    const memory = blocking && this.#access.ownMemory(parameter.value)
    if (memory) {
      blocking.broadcast(memory, owner)
      return
    }
    const values = new Float32Array(parameter.value.size)
    if (this.owns(parameter)) await this.#access.read(parameter.value, values)
    await asynchronous.broadcast(values, owner)
    if (!this.owns(parameter)) replaceValue(parameter, values, this.#access)
  }
}

/** The largest first, each to the rank that has least so far. */
function ownersOf(parameters: readonly Parameter[], ranks: number): ReadonlyMap<Parameter, number> {
  const loads = new Array<number>(ranks).fill(0)
  const owners = new Map<Parameter, number>()
  const sizeOf = ({ layout }: Parameter) => layout.shape.reduce((product, size) => product * size, 1)
  for (const parameter of parameters.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    const rank = loads.indexOf(Math.min(...loads))
    owners.set(parameter, rank)
    loads[rank] = (loads[rank] as number) + sizeOf(parameter)
  }
  return owners
}
