import {
  assignPaths,
  type CallInterceptor,
  type DataShard,
  type Gradients,
  type Layer,
  type Module,
  type Optimizer,
  type OptimizerState,
  type Parameter,
  readOptimizerSlots,
  type TensorRecord,
  type TrainingWindow,
} from '@levin/core'
import { tidy } from '@tensorflow/tfjs-core'
import { refuseParts } from '../group/refuse-parts.js'
import { broadcastValues, requireSameStructure } from '../group/same-module.js'
import { Frame } from './frame.js'
import { Lending } from './lending.js'
import { bucketsOf, Line } from './line.js'
import { linesFor, Places } from './places.js'
import { optimizerRecords, partialModelRecords } from './state-records.js'
import type { Unit } from './unit.js'
import { UnitGradients } from './unit-gradients.js'
import { planUnits } from './units.js'
import { type WindowGradients, Zero } from './zero-strategy.js'

/** Stage 3: a rank holds its parts of the parameters alone. Wholes exist while the layers run that need them. */
export class GatheredUnits extends Zero {
  #units: readonly Unit[] = []
  readonly #byLayer = new Map<Layer<unknown, unknown>, Unit>()
  #places = new Places([])
  #settled: Optimizer | undefined
  #lending: Lending | undefined

  /** Evaluations communicate too, so that every rank needs as many batches as the others. */
  override get dataShard(): DataShard {
    return { ...super.dataShard, even: true }
  }

  readonly intercept: CallInterceptor = (layer, input, step, next) => {
    const unit = this.#byLayer.get(layer as Layer<unknown, unknown>)
    return unit && this.#lending ? this.#lending.call(unit, input, step, next) : next(input)
  }

  protected async fill(module: Module, seed: number): Promise<void> {
    const { ranks, access } = this.workplace
    const { parameters, buffers } = assignPaths(module)
    await requireSameStructure([...parameters, ...buffers], this.group)
    const plan = planUnits(module, this.options)
    const unit = (layer: Unit['layer'], parameters: readonly Parameter[]): Unit => ({
      layer,
      parameters,
      lines: linesFor(bucketsOf(parameters, Infinity), 'element', ranks),
    })
    const units = plan.units.map(({ layer, parameters }) => unit(layer, parameters))
    if (plan.rest.length > 0) units.push(unit(undefined, plan.rest))
    this.#units = units
    this.#byLayer.clear()
    for (const each of units) if (each.layer) this.#byLayer.set(each.layer, each)
    this.#places = new Places(units.flatMap(({ lines }) => lines))
    for (const line of this.#places.lines) this.#materialise(line, seed)
    const given = buffers.filter(({ isMaterialised }) => isMaterialised)
    for (const buffer of buffers) buffer.materialise({ seed })
    if (ranks > 1) await broadcastValues(given, this.group, access)
    this.#settled = undefined
    this.#lending?.end()
    this.#lending = new Lending(this.workplace, units)
  }

  #materialise(line: Line, seed: number): void {
    const { rank, access } = this.workplace
    for (const [index, parameter] of line.parameters.entries()) {
      const shard = line.shard(index, rank)
      if (!parameter.isMaterialised) parameter.materialise({ seed, shard })
      else if (parameter.shard) {
        if (JSON.stringify(parameter.shard) !== JSON.stringify(shard)) throw refuseParts(parameter)
      } else if (shard) {
        const { start, count } = line.piece(index, rank)
        const part = access.values(parameter.value).slice(start, start + count)
        parameter.exchange(shard, access.upload(part, shard.shape)).dispose()
      }
    }
  }

  /** An optimizer that needs whole tensors gets them: what was cut into stretches is handed out anew. */
  #placesFor(optimizer: Optimizer): Places {
    if (this.#settled === optimizer) return this.#places
    this.#settled = optimizer
    if (optimizer.sharding !== 'tensor') return this.#places
    const loads = new Array<number>(this.workplace.ranks).fill(0)
    for (const unit of this.#units) this.#handOut(unit, loads)
    this.#places = new Places(this.#units.flatMap(({ lines }) => lines))
    return this.#places
  }

  #handOut(unit: Unit, loads: number[]): void {
    const { transfer, access, rank, ranks } = this.workplace
    const before = unit.lines
    unit.lines = before.map((line) => Line.ofTensors(line.parameters, loads))
    if (ranks === 1) return
    for (const [at, line] of before.entries()) {
      const after = unit.lines[at] as Line
      transfer.gather(line, (index) => access.values((line.parameters[index] as Parameter).value), {
        take: (index, values) => {
          const parameter = line.parameters[index] as Parameter
          const place = after.parameters.indexOf(parameter)
          const shard = after.shard(place, rank)
          const { start, count } = after.piece(place, rank)
          const part = access.upload(values.subarray(start, start + count), shard?.shape ?? parameter.shape)
          parameter.exchange(shard, part).dispose()
        },
      })
    }
  }

  protected begin({ optimizer }: TrainingWindow): WindowGradients {
    this.#placesFor(optimizer)
    const rest = this.#units.find(({ layer }) => layer === undefined)
    return new UnitGradients(this.workplace, this.#lending as Lending, rest)
  }

  protected updateParts(_gradients: Gradients, _optimizer: Optimizer, update: () => void): void {
    update()
  }

  evaluate<T>(run: () => T): T {
    const lending = this.#lending
    if (!lending) return tidy(run as never) as T
    const frame = new Frame(undefined)
    try {
      return lending.during(frame, () =>
        tidy((() => {
          const rest = this.#units.find(({ layer }) => layer === undefined)
          if (rest) lending.fetch(rest, frame)
          const result = frame.detached(run())
          lending.requireSameOrder()
          return result
        }) as never),
      ) as T
    } finally {
      frame.dispose()
    }
  }

  modelState(module: Module): AsyncIterable<TensorRecord> {
    return partialModelRecords(module, this.#places, this.workplace, this.savesParts)
  }

  optimizerState(optimizer: Optimizer): AsyncIterable<TensorRecord> {
    return optimizerRecords(optimizer, this.#placesFor(optimizer), this.workplace, this.savesParts)
  }

  async loadOptimizerState(
    optimizer: Optimizer,
    state: OptimizerState,
    records: ReadonlyMap<string, TensorRecord>,
  ): Promise<void> {
    this.#placesFor(optimizer)
    optimizer.load(state, await readOptimizerSlots(optimizer, records, ({ shard }) => shard))
  }

  override async teardown(): Promise<void> {
    this.#lending?.end()
    this.#lending = undefined
    await super.teardown()
  }
}
