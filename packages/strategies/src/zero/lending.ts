import {
  isRecording,
  keep,
  mapTensors,
  type Parameter,
  type ReplayMark,
  recompute,
  type StagedTensor,
  type StepContext,
  tensorsIn,
} from '@levin/core'
import { customGrad, type Tensor, zerosLike } from '@tensorflow/tfjs-core'
import { Frame } from './frame.js'
import type { Line } from './line.js'
import { differentLayers } from './refusals.js'
import type { Unit, Use } from './unit.js'
import type { Workplace } from './zero-strategy.js'

/**
 * Lends whole parameters to whoever reads them within a step. Layers that are units run untaped: their parameters are gathered
 * when they run, and once more in the walk back, where they run again on a tape of their own.
 */
export class Lending {
  readonly #workplace: Workplace
  readonly #unitOf: ReadonlyMap<Parameter, Unit>
  readonly #numbers: ReadonlyMap<Unit, number>
  /** What was gathered since the last look, in its order, as a digest. */
  #trace = 0
  /** The frame of the step that is going on. */
  #step: Frame | undefined
  /** The frame that whoever reads now reads from: of the step, or of a unit. */
  #frame: Frame | undefined

  constructor(workplace: Workplace, units: readonly Unit[]) {
    this.#workplace = workplace
    this.#unitOf = new Map(units.flatMap((unit) => unit.parameters.map((parameter) => [parameter, unit])))
    this.#numbers = new Map(units.map((unit, index) => [unit, index + 1]))
    for (const parameter of this.#unitOf.keys())
      parameter.lendBy((held) => (this.#frame ? this.#whole(parameter, this.#frame) : held))
  }

  /** Readers see what is held again. */
  end(): void {
    for (const parameter of this.#unitOf.keys()) parameter.lendBy(undefined)
  }

  /**
   * Units of one size that ranks gather in different orders would be taken for each other.
   *
   * @throws LEVIN_COLLECTIVE on all ranks if they have not gathered the same since the last call
   */
  requireSameOrder(): void {
    const { collectives, ranks } = this.#workplace
    const range = Int32Array.of(this.#trace, -this.#trace)
    this.#trace = 0
    if (ranks === 1) return
    collectives.allReduce(range, 'max')
    if (range[0] !== -(range[1] as number)) throw differentLayers()
  }

  /** Runs a part of a step, in which readers read from `frame`. Around it they see what is held, as hooks and optimizers do. */
  during<T>(frame: Frame, run: () => T): T {
    const before = this.#step
    this.#step = frame
    try {
      return this.#within(frame, run)
    } finally {
      this.#step = before
    }
  }

  /** The parameters of a unit, whole in `frame` from now on. */
  fetch(unit: Unit, frame: Frame): void {
    frame.units.add(unit)
    for (const [parameter, whole] of this.#gather(unit)) frame.lend(parameter, this.#onTape(parameter, frame, whole))
  }

  /** Takes part in what other ranks fetch. */
  fetchForOthers(unit: Unit): void {
    for (const whole of this.#gather(unit).values()) whole.dispose()
  }

  /** Runs a layer that is a unit. Within another unit it is a part of that one, and reads from its frame. */
  call<I, O>(unit: Unit, input: I, step: StepContext, next: (input: I) => O): O {
    const around = this.#step
    if (!around || this.#frame !== around) return next(input)
    const use: Use = { units: [], frame: undefined }
    const mark = step.mark()
    const sources: Tensor[] = []
    const output = recompute(
      (inputs, replaying) => {
        const run = () => next(withTensors(input, inputs))
        return replaying ? this.#again(use, step, mark, run) : this.#first(unit, use, around, sources, run)
      },
      tensorsIn(input),
      sources,
      (replay) => this.#replay(use, around, replay),
    )
    around.differentiated?.uses.add(use)
    return output
  }

  #first<T>(unit: Unit, use: Use, around: Frame, sources: Tensor[], run: () => T): T {
    const { differentiated } = around
    const frame = new Frame(differentiated, around)
    try {
      return this.#within(frame, () => {
        if (!around.units.has(unit)) this.fetch(unit, frame)
        return frame.detached(run())
      })
    } finally {
      use.units = [...frame.units]
      if (differentiated) sources.push(differentiated.token, ...frame.borrowed)
      frame.dispose()
    }
  }

  #again<T>(use: Use, step: StepContext, mark: ReplayMark, run: () => T): T {
    const frame = use.frame as Frame
    try {
      return this.#within(frame, () => {
        for (const unit of use.units) this.fetch(unit, frame)
        return step.replay(mark, () => frame.detached(run()))
      })
    } finally {
      frame.release()
    }
  }

  #replay(use: Use, around: Frame, replay: () => void): void {
    const { differentiated } = around
    differentiated?.uses.reach(use)
    const frame = new Frame(differentiated, around)
    use.frame = frame
    try {
      replay()
      differentiated?.collect(use.units, frame)
    } finally {
      use.frame = undefined
      frame.dispose()
    }
  }

  #whole(parameter: Parameter, frame: Frame): Tensor {
    const found = frame.find(parameter)
    if (found) return found
    const unit = this.#unitOf.get(parameter) as Unit
    // What is read off the tape, as for a metric, must not stand in the way of those who read it on the tape later.
    if (frame === this.#step && frame.differentiated && !isRecording()) return this.#passing(parameter, unit)
    this.fetch(unit, frame)
    return frame.find(parameter) as Tensor
  }

  /** A whole that lives as long as the scope it is read in. */
  #passing(parameter: Parameter, unit: Unit): Tensor {
    const wholes = this.#gather(unit)
    const passing = (wholes.get(parameter) as Tensor).clone()
    for (const whole of wholes.values()) whole.dispose()
    return passing
  }

  /** The parameters of a unit as kept tensors. */
  #gather(unit: Unit): Map<Parameter, Tensor> {
    const { lines } = unit
    this.#trace = (Math.imul(this.#trace, 31) + (this.#numbers.get(unit) as number)) & 0x7fffffff
    const wholes = new Map<Parameter, Tensor>()
    try {
      this.#within(undefined, () => {
        for (const line of lines) this.#gatherLine(line, wholes)
      })
      return wholes
    } catch (error) {
      for (const whole of wholes.values()) whole.dispose()
      throw error
    }
  }

  #gatherLine(line: Line, wholes: Map<Parameter, Tensor>): void {
    const { transfer, access, ranks } = this.#workplace
    if (ranks === 1) {
      for (const parameter of line.parameters) wholes.set(parameter, keep(parameter.value.clone()))
      return
    }
    let staged: StagedTensor | undefined
    try {
      transfer.gather(line, (index) => access.values((line.parameters[index] as Parameter).value), {
        memory: () => {
          // Where values are copied out anyway, that may move what was staged.
          if (access.hasMemory) staged = access.stage((line.parameters[0] as Parameter).shape)
          return staged?.data as Float32Array | undefined
        },
        take: (index, values) => {
          const parameter = line.parameters[index] as Parameter
          wholes.set(parameter, staged ? access.staged(staged) : access.upload(values, parameter.shape))
        },
      })
    } catch (error) {
      staged?.release()
      throw error
    }
  }

  /** A gradient of the whole goes to the frame, whatever tape it comes by on. */
  #onTape(parameter: Parameter, frame: Frame, whole: Tensor): Tensor {
    const { token, wanted } = frame.differentiated ?? {}
    if (!token || !wanted?.has(parameter)) return whole
    const lent = customGrad(() => ({
      value: whole,
      gradFunc: (gradient: Tensor) => {
        frame.take(parameter, gradient)
        return zerosLike(token)
      },
    }))
    return lent(token)
  }

  #within<T>(frame: Frame | undefined, run: () => T): T {
    const before = this.#frame
    this.#frame = frame
    try {
      return run()
    } finally {
      this.#frame = before
    }
  }
}

/** A layer's input with other tensors in the places of its own. */
function withTensors<I>(input: I, tensors: readonly Tensor[]): I {
  let index = 0
  return mapTensors(input, () => tensors[index++] as Tensor)
}
