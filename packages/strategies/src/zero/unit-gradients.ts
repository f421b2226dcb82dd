import { keep, type MicroBatch, type Parameter, type TrainingWindow } from '@levin/core'
import { scalar, type Tensor } from '@tensorflow/tfjs-core'
import { notConnected } from '../group/not-connected.js'
import { agree } from './agreement.js'
import { type Differentiated, Frame } from './frame.js'
import type { Lending } from './lending.js'
import { recordMicroBatch } from './recorded.js'
import { ShardSums } from './shard-sums.js'
import { type Unit, Uses } from './unit.js'
import type { WindowGradients, Workplace } from './zero-strategy.js'

/** Stage 3: the gradients of a unit go to the ranks that hold it as soon as the walk back has left it. */
export class UnitGradients implements WindowGradients {
  readonly #workplace: Workplace
  readonly #lending: Lending
  readonly #rest: Unit | undefined
  readonly #sums: ShardSums
  readonly #reached = new Set<Parameter>()
  #parameters: readonly Parameter[] = []
  #weight = 0
  #connected = false

  /** @param rest what is gathered for the whole step */
  constructor(workplace: Workplace, lending: Lending, rest: Unit | undefined) {
    this.#workplace = workplace
    this.#lending = lending
    this.#rest = rest
    this.#sums = new ShardSums(workplace.access, workplace.rank)
  }

  add(window: TrainingWindow, micro: MicroBatch): void {
    this.#parameters = window.parameters
    const token = keep(scalar(0))
    const pass = new Pass(this.#workplace, this.#lending, this.#sums, this.#reached, token, window.parameters)
    const { frame } = pass
    try {
      const { tape, weight, counts } = this.#lending.during(frame, () =>
        recordMicroBatch(window, micro, [token], () => this.#rest && this.#lending.fetch(this.#rest, frame)),
      )
      try {
        pass.counts = counts
        window.beforeBackward(micro, tape.outputs)
        if (tape.connected[0]) {
          const seed = counts ? weight : 0
          this.#lending.during(frame, () => tape.backward(seed, (_source, gradient) => gradient.dispose()))
        }
        pass.finish()
        this.#connected ||= pass.connected
        window.afterBackward(micro)
      } finally {
        tape.dispose()
      }
      if (counts) this.#weight += weight
    } finally {
      frame.dispose()
      token.dispose()
    }
  }

  own(): ReadonlyMap<Parameter, Tensor> {
    this.#lending.requireSameOrder()
    const { collectives, ranks } = this.#workplace
    const reached = this.#parameters.map((parameter) => this.#reached.has(parameter))
    const own = { weight: this.#weight, counts: true, connected: this.#connected, reached }
    const { weight, connected, used } = agree(collectives, ranks, own)
    if (!connected) throw notConnected(this.#parameters)
    const wanted = new Set(this.#parameters.filter((_, index) => used[index]))
    return this.#sums.mean(weight === 0 ? 0 : 1 / weight, (parameter) => wanted.has(parameter))
  }

  dispose(): void {
    this.#sums.dispose()
  }
}

/** One micro-batch forward and back. */
class Pass implements Differentiated {
  readonly token: Differentiated['token']
  readonly wanted: ReadonlySet<Parameter>
  readonly uses: Uses
  readonly frame: Frame
  /** Whether its gradients take part in the sums; others' do all the same. */
  counts = true
  /** Whether any gradient came. */
  connected = false
  readonly #workplace: Workplace
  readonly #sums: ShardSums
  readonly #reached: Set<Parameter>

  constructor(
    workplace: Workplace,
    lending: Lending,
    sums: ShardSums,
    reached: Set<Parameter>,
    token: Differentiated['token'],
    wanted: readonly Parameter[],
  ) {
    this.#workplace = workplace
    this.#sums = sums
    this.#reached = reached
    this.token = token
    this.wanted = new Set(wanted)
    this.frame = new Frame(this)
    this.uses = new Uses(({ units }) => {
      for (const unit of units) lending.fetchForOthers(unit)
      this.collect(units, undefined)
    })
  }

  collect(units: Iterable<Unit>, frame: Frame | undefined): void {
    const { transfer, access } = this.#workplace
    for (const line of [...units].flatMap(({ lines }) => lines)) {
      if (!line.parameters.some((parameter) => this.wanted.has(parameter))) continue
      const stretch = transfer.reduce(line, (index) => {
        const parameter = line.parameters[index] as Parameter
        const gradient = frame?.gradient(parameter)
        if (gradient) this.connected = true
        if (!gradient || !this.counts) return undefined
        this.#reached.add(parameter)
        return access.values(gradient)
      })
      frame?.freeGradients(line.parameters)
      this.#sums.add(line, stretch, this.wanted)
    }
  }

  /** The walk back is over: what it has left out, and what was gathered for the whole step. */
  finish(): void {
    this.uses.finish()
    this.collect(this.frame.units, this.frame)
  }
}
