import {
  type Gradients,
  type Module,
  type Optimizer,
  type OptimizerState,
  type Parameter,
  readOptimizerSlots,
  type TensorRecord,
  type TrainingWindow,
} from '@levin/core'
import { reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { refuseParts } from '../group/refuse-parts.js'
import { materialiseReplica, replaceValue } from '../group/same-module.js'
import { bucketsOf } from './line.js'
import { linesFor, type Place, Places, parametersOf } from './places.js'
import { ReducedAsTheyCome } from './reduced-as-they-come.js'
import { ReducedAtTheEnd } from './reduced-at-the-end.js'
import { modelRecords, optimizerRecords } from './state-records.js'
import { type WindowGradients, Zero } from './zero-strategy.js'

/** Stages 1 and 2: every rank computes with whole parameters, and updates its part of them. */
export class WholeParameters extends Zero {
  #settled: { readonly optimizer: Optimizer; readonly places: Places } | undefined

  protected async fill(module: Module, seed: number): Promise<void> {
    const part = module.parameters().find(({ shard }) => shard !== undefined)
    if (part) throw refuseParts(part)
    await materialiseReplica(module, seed, this.group, this.workplace.access)
  }

  /** How the optimizer's parameters are cut; settled when it is first seen. */
  #placesFor(optimizer: Optimizer): Places {
    if (this.#settled?.optimizer !== optimizer) {
      const buckets = bucketsOf(parametersOf(optimizer).toReversed(), this.options.bucketSize)
      this.#settled = { optimizer, places: new Places(linesFor(buckets, optimizer.sharding, this.workplace.ranks)) }
    }
    return this.#settled.places
  }

  protected begin({ optimizer }: TrainingWindow): WindowGradients {
    const { lines } = this.#placesFor(optimizer)
    return this.options.stage === 1
      ? new ReducedAtTheEnd(this.workplace, lines)
      : new ReducedAsTheyCome(this.workplace, lines)
  }

  protected updateParts(gradients: Gradients, optimizer: Optimizer, update: () => void): void {
    const places = this.#placesFor(optimizer)
    this.#exchanged([...gradients.keys()], places, update, (own) => this.#gather(gradients, places, own))
  }

  /**
   * Runs `body` while parameters are this rank's parts, copies of it; then they are the wholes again.
   *
   * @param take gets the parts after `body`, which are freed then
   */
  #exchanged<T>(
    parameters: readonly Parameter[],
    places: Places,
    body: () => T,
    take: (parts: ReadonlyMap<Parameter, Tensor>) => void = () => {},
  ): T {
    const wholes = new Map<Parameter, Tensor>()
    const own = new Map<Parameter, Tensor>()
    const back = () => {
      for (const [parameter, whole] of wholes) own.set(parameter, parameter.exchange(undefined, whole))
      wholes.clear()
    }
    try {
      for (const parameter of parameters) this.#toPart(parameter, places.of(parameter) as Place, wholes)
      const result = body()
      back()
      take(own)
      return result
    } finally {
      back()
      for (const part of own.values()) part.dispose()
    }
  }

  #toPart(parameter: Parameter, { line, index }: Place, wholes: Map<Parameter, Tensor>): void {
    const shard = line.shard(index, this.workplace.rank)
    if (!shard) return
    const { access, rank } = this.workplace
    const { start, count } = line.piece(index, rank)
    const { value, size } = parameter
    const part =
      count === 0
        ? access.upload(new Float32Array(0), shard.shape)
        : tidy(() => reshape(slice(reshape(value, [size]), [start], [count]), [...shard.shape]))
    wholes.set(parameter, parameter.exchange(shard, part))
  }

  /** Every rank's updated parts into the wholes of all, in place. Lines without an update are left alone, on all ranks. */
  #gather(updated: Gradients, places: Places, own: ReadonlyMap<Parameter, Tensor>): void {
    const { transfer, access, rank, ranks } = this.workplace
    if (ranks === 1) return
    for (const line of places.lines) {
      if (!line.parameters.some((parameter) => updated.has(parameter))) continue
      const piece = (index: number): Float32Array => {
        const parameter = line.parameters[index] as Parameter
        const part = own.get(parameter)
        if (part) return access.values(part)
        const { start, count } = line.piece(index, rank)
        return access.values(parameter.value).subarray(start, start + count)
      }
      const [first] = line.parameters as [Parameter]
      let memory: Float32Array | undefined
      transfer.gather(line, piece, {
        memory: () => {
          // A piece that lies in the whole itself must not be read while that is written.
          memory = own.has(first) ? access.ownMemory(first.value) : undefined
          return memory
        },
        take: (index, values) => {
          const parameter = line.parameters[index] as Parameter
          if (values !== memory && updated.has(parameter)) replaceValue(parameter, values, access)
        },
      })
    }
  }

  evaluate<T>(run: () => T): T {
    return tidy(run as never) as T
  }

  modelState(module: Module): Iterable<TensorRecord> {
    return modelRecords(module, this.workplace, this.savesParts)
  }

  optimizerState(optimizer: Optimizer): AsyncIterable<TensorRecord> {
    return optimizerRecords(optimizer, this.#placesFor(optimizer), this.workplace, this.savesParts)
  }

  async loadOptimizerState(
    optimizer: Optimizer,
    state: OptimizerState,
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void> {
    const places = this.#placesFor(optimizer)
    const slots = await readOptimizerSlots(optimizer, records, (parameter) => {
      const { line, index } = places.of(parameter) as Place
      return line.shard(index, this.workplace.rank)
    })
    this.#exchanged(parametersOf(optimizer), places, () => optimizer.load(state, slots))
  }
}
